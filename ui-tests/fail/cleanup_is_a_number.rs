use fence::fenced;

async fn wait() {}

#[fenced(cleanup = 5)]
async fn f() {
    wait().await
}

fn main() {}
