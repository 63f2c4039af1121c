use fence::fenced;

async fn wait() {}

#[fenced(timeout = "1e400s")]
async fn f() {
    wait().await
}

fn main() {}
