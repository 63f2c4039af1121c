use fence::fenced;

static STOP: fence::Event = fence::Event::new();

async fn wait() {}

#[fenced(on(STOP))]
async fn f() {
    wait().await
}

fn main() {}
