use fence::fenced;

async fn wait() {}

#[fenced(cleanup = "0s")]
async fn f() {
    wait().await
}

fn main() {}
