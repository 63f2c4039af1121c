use fence::fenced;

async fn wait() {}

#[fenced(unless("stop", || busy.is_set()))]
async fn f(busy: fence::Event) {
    wait().await
}

fn main() {}
