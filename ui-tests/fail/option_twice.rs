use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30s", timeout = "40s")]
async fn f() {
    wait().await
}

fn main() {}
