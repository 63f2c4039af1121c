use fence::fenced;

async fn wait() {}

#[fenced(timeout = -1)]
async fn f() {
    wait().await
}

fn main() {}
