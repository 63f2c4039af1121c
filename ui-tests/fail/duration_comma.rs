use fence::fenced;

async fn wait() {}

#[fenced(timeout = "1,5s")]
async fn f() {
    wait().await
}

fn main() {}
