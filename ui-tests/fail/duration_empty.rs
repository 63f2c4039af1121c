use fence::fenced;

async fn wait() {}

#[fenced(timeout = "")]
async fn f() {
    wait().await
}

fn main() {}
