use fence::fenced;

static BUSY: fence::Event = fence::Event::new();

async fn wait() {}

#[fenced(unless: || BUSY.is_set())]
async fn f() {
    wait().await
}

fn main() {}
