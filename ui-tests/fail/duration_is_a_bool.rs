use fence::fenced;

async fn wait() {}

#[fenced(timeout = true)]
async fn f() {
    wait().await
}

fn main() {}
