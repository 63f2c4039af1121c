//! How deep do groups nest in one task? The compiler's recursion limit is the default one here.

use fence::{group, try_group};
use tokio::task::yield_now;

/// A group for each token, in one another, each of which has a child; evaluates to their number.
macro_rules! nested {
    () => {
        async {
            yield_now().await;
            0
        }
    };
    ($one:tt $($rest:tt)*) => {
        async {
            let outcome = group().run(async |group| {
                group.spawn(async {});
                nested!($($rest)*).await + 1
            });
            outcome.await.unwrap()
        }
    };
}

/// The same, of groups that end with the first error.
macro_rules! nested_tries {
    () => {
        async {
            yield_now().await;
            Err("the innermost")
        }
    };
    ($one:tt $($rest:tt)*) => {
        async {
            let result = try_group::<&str>().run(async |group| {
                group.spawn(async { Ok(()) });
                nested_tries!($($rest)*).await
            });
            result.await.map_err(|error| error.errors()[0])
        }
    };
}

#[tokio::test]
async fn eight_groups_in_one_task() {
    assert_eq!(nested!(1 2 3 4 5 6 7 8).await, 8);
}

#[tokio::test]
async fn eight_groups_in_a_task_that_is_spawned() {
    let task = tokio::spawn(nested!(1 2 3 4 5 6 7 8));
    assert_eq!(task.await.unwrap(), 8);
}

#[tokio::test]
async fn six_try_groups_in_a_task_that_is_spawned() {
    let task = tokio::spawn(nested_tries!(1 2 3 4 5 6));
    assert_eq!(task.await.unwrap(), Err::<(), _>("the innermost"));
}
