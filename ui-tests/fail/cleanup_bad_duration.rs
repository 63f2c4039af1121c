use fence::fenced;

async fn wait() {}

#[fenced(cleanup = "30x")]
async fn f() {
    wait().await
}

fn main() {}
