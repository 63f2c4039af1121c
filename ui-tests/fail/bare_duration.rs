use fence::fenced;

async fn wait() {}

#[fenced("30s")]
async fn f() {
    wait().await
}

fn main() {}
