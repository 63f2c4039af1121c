//! Do methods keep working, whatever their `self`?

#![allow(clippy::unused_self, clippy::needless_arbitrary_self_type)]

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::yield_now;

#[derive(Clone, Default)]
struct Counter<'a> {
    count: u32,
    name: &'a str,
}

impl<'a> Counter<'a> {
    #[fence::fenced(timeout = "1s")]
    async fn by_reference(&self, add: &u32) -> u32 {
        yield_now().await;
        self.count + add
    }

    #[fence::fenced(timeout = "1s")]
    async fn by_mutable_reference(&mut self, add: u32) -> &str {
        yield_now().await;
        self.count += add;
        self.name
    }

    #[fence::fenced(timeout = "1s")]
    async fn by_value(self) -> &'a str {
        yield_now().await;
        self.name
    }

    #[fence::fenced(timeout = "1s")]
    async fn by_mutable_value(mut self) -> Self {
        yield_now().await;
        self.count += 1;
        self
    }

    #[fence::fenced(timeout = "1s")]
    async fn in_a_box(self: Box<Self>) -> u32 {
        yield_now().await;
        self.count
    }

    #[fence::fenced(timeout = "1s")]
    async fn in_an_arc(self: Arc<Self>) -> u32 {
        yield_now().await;
        self.count
    }

    #[fence::fenced(timeout = "1s")]
    async fn behind_an_rc(self: &Rc<Self>) -> u32 {
        yield_now().await;
        self.count
    }

    #[fence::fenced(timeout = "1s")]
    async fn pinned(self: Pin<&mut Self>) -> u32 {
        yield_now().await;
        self.count
    }

    #[fence::fenced(timeout = limit)]
    async fn without_self(limit: Duration) -> Self {
        yield_now().await;
        Self {
            count: u32::from(limit.is_zero()),
            name: "new",
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_self() {
    let mut counter = Counter {
        count: 1,
        name: "n",
    };
    assert_eq!(counter.by_reference(&2).await.completed(), Some(3));
    assert_eq!(counter.by_mutable_reference(2).await.completed(), Some("n"));
    assert_eq!(counter.clone().by_value().await.completed(), Some("n"));
    let counter = counter
        .by_mutable_value()
        .await
        .completed()
        .expect("completed");
    assert_eq!(counter.count, 4);
    assert_eq!(
        Box::new(counter.clone()).in_a_box().await.completed(),
        Some(4)
    );
    assert_eq!(
        Arc::new(counter.clone()).in_an_arc().await.completed(),
        Some(4)
    );
    assert_eq!(
        Rc::new(counter.clone()).behind_an_rc().await.completed(),
        Some(4)
    );
    assert_eq!(
        Box::pin(counter).as_mut().pinned().await.completed(),
        Some(4)
    );
    let new = Counter::without_self(Duration::from_secs(1)).await;
    assert_eq!(new.completed().map(|new| new.name), Some("new"));
}

#[test]
fn a_fence_is_send_exactly_if_its_body_is() {
    fn send<T: Send>(_: T) {}
    let counter = Counter::default();
    send(counter.by_reference(&1));
    send(counter.clone().by_value());
    send(Arc::new(counter).in_an_arc());
}
