use fence::fenced;

async fn wait() {}

#[fenced(timeout = "0s")]
async fn f() {
    wait().await
}

fn main() {}
