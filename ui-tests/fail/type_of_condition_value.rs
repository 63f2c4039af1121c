use fence::fenced;

async fn wait() {}

#[fenced(unless("stop", || 5))]
async fn f() {
    wait().await
}

fn main() {}
