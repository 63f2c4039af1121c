use fence::{Event, fenced};

async fn wait() {}

#[fenced(unless("disconnect", || done.is_set()))]
async fn f(done: Event) {
    wait().await
}

fn main() {}
