use fence::fenced;

async fn wait() {}

#[fenced("shutdown")]
async fn f() {
    wait().await
}

fn main() {}
