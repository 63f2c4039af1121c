use fence::fenced;

async fn wait() {}

#[fenced(unless("stop", move || busy.is_set()))]
async fn f(busy: fence::Event) {
    drop(busy);
    wait().await
}

fn main() {}
