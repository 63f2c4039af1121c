use fence::fenced;

fn stop() -> fence::Event {
    fence::Event::new()
}

async fn wait() {}

#[fenced(on = self::stop())]
async fn f() {
    wait().await
}

fn main() {}
