//! What does the last argument of `fenced!` mean, and with which braces?

use fence::block::fenced;
use fence::{Event, Fenced, Fencing};
use std::future::{IntoFuture, Ready, pending, ready};
use std::time::Duration;
use tokio::task::yield_now;

#[tokio::test(start_paused = true)]
async fn a_block_borrows_and_gives_back() {
    let mut log = vec![1];
    let fenced = fenced!(timeout = "1s", {
        log.push(2);
        yield_now().await;
        log.len()
    });
    log.push(3);
    assert_eq!((fenced.completed(), log), (Some(2), vec![1, 2, 3]));
}

#[tokio::test(start_paused = true)]
async fn an_async_move_block_takes_what_it_names() {
    let text = String::from("text");
    let fenced = fenced!(timeout = "1s", async move {
        yield_now().await;
        text
    });
    assert_eq!(fenced.completed().as_deref(), Some("text"));
}

#[tokio::test(start_paused = true)]
async fn a_future_is_fenced_as_it_is() {
    async fn get(value: u8) -> u8 {
        yield_now().await;
        value
    }
    assert_eq!(fenced!(timeout = "1s", get(1)).completed(), Some(1));
    assert_eq!(fenced!(get(2)).completed(), Some(2));
    assert_eq!(fenced!(timeout = "1s", get(3),).completed(), Some(3));
    let future = get(4);
    assert_eq!(fenced!(timeout = "1s", future).completed(), Some(4));
    assert_eq!(
        fenced!(if true { ready(5) } else { ready(6) }).completed(),
        Some(5)
    );
    assert!(fenced!(timeout = "1s", pending::<()>()).is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn what_becomes_a_future_is_fenced_too() {
    struct Request;
    impl IntoFuture for Request {
        type Output = u8;
        type IntoFuture = Ready<u8>;
        fn into_future(self) -> Ready<u8> {
            ready(1)
        }
    }
    assert_eq!(fenced!(timeout = "1s", Request).completed(), Some(1));
}

#[tokio::test(start_paused = true)]
async fn without_options_the_bound_fencing_decides() {
    let fencing = Fencing::new().timeout(Duration::from_secs(1));
    let body = async {
        let statements = fenced! {
            yield_now().await;
            pending::<()>().await;
        };
        let one_expression = fenced! { pending::<u8>().await };
        let braces_in_brackets = fenced!({ pending::<()>().await });
        let future = fenced!(pending::<()>());
        [
            statements.is_cancelled(),
            one_expression.is_cancelled(),
            braces_in_brackets.is_cancelled(),
            future.is_cancelled(),
        ]
    };
    assert_eq!(fencing.bind(body).await, [true; 4]);
}

#[tokio::test(start_paused = true)]
async fn without_options_and_bound_nothing() {
    let value = fenced! {
        let value = ready(1).await;
        value + 1
    };
    assert_eq!(value.completed(), Some(2));
    assert_eq!(fenced! { ready(1).await + 1 }.completed(), Some(2));
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_bracket() {
    let round = fenced!(timeout = "1s", { ready(1).await });
    let square = fenced![timeout = "1s", { ready(2).await }];
    let curly = fenced! { timeout = "1s", { ready(3).await } };
    let all = [round, square, curly].map(Fenced::completed);
    assert_eq!(all, [Some(1), Some(2), Some(3)]);
}

#[tokio::test(start_paused = true)]
async fn a_call_may_be_named_like_an_option() {
    async fn on(value: u8) -> u8 {
        yield_now().await;
        value
    }
    assert_eq!(fenced!(timeout = "1s", on(1)).completed(), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_nested_fence_that_says_so() {
    let stop = Event::new();
    let outer = fenced!(timeout = "5s", on = stop, {
        let inner = fenced!(nested, timeout = "1s", { pending::<()>().await });
        inner.is_cancelled()
    });
    assert_eq!(outer.completed(), Some(true));
}
