use fence::fenced;

async fn wait() {}

#[fenced(cleanup = "2x")]
async fn f() {
    wait().await
}

fn main() {}
