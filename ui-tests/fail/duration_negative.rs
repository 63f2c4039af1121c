use fence::fenced;

async fn wait() {}

#[fenced(timeout = "-1s")]
async fn f() {
    wait().await
}

fn main() {}
