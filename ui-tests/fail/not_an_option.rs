use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30s", + 5)]
async fn f() {
    wait().await
}

fn main() {}
