use fence::fenced;

async fn wait() {}

#[fenced(graceful = "2s")]
async fn f() {
    wait().await
}

fn main() {}
