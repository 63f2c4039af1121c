use fence::fenced;

async fn wait() {}

#[fenced(timeout["30s"])]
async fn f() {
    wait().await
}

fn main() {}
