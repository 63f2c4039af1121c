use fence::fenced;

const STOP: &str = "stop";
static BUSY: fence::Event = fence::Event::new();

async fn wait() {}

#[fenced(unless(STOP, || BUSY.is_set()))]
async fn f() {
    wait().await
}

fn main() {}
