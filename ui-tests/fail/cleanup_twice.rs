use fence::fenced;

async fn wait() {}

#[fenced(cleanup = "2s", cleanup = "3s")]
async fn f() {
    wait().await
}

fn main() {}
