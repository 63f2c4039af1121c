use fence::fenced;

static BUSY: fence::Event = fence::Event::new();

async fn wait() {}

#[fenced(unless("stop", || BUSY.is_set(), || true))]
async fn f() {
    wait().await
}

fn main() {}
