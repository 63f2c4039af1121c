use std::cell::Cell;

tokio::task_local! { static USER: &'static str; }

struct Connection<'a>(&'a Cell<bool>);

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        // `finally`, however the body ends: by a value, `?`, a panic or a cancellation
        self.0.set(false);
    }
}

async fn with_connection<R>(
    is_open: &Cell<bool>,
    body: impl AsyncFnOnce(&Connection<'_>) -> R,
) -> R {
    is_open.set(true);
    let connection = Connection(is_open);
    body(&connection).await
}

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    let is_open = Cell::new(false);
    let query = with_connection(&is_open, async |connection| {
        (connection.0.get(), USER.get())
    });
    assert_eq!(USER.scope("ann", query).await, (true, "ann"));
    assert!(!is_open.get());
}
