use fence::fenced;

async fn wait() {}

#[fenced(timeout = "1M")]
async fn f() {
    wait().await
}

fn main() {}
