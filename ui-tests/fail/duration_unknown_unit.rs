use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30x")]
async fn f() {
    wait().await
}

fn main() {}
