use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30s")]
#[fence::fenced(on = "shutdown")]
async fn f() {
    wait().await
}

fn main() {}
