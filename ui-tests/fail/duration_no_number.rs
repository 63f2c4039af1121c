use fence::fenced;

async fn wait() {}

#[fenced(timeout = "abc")]
async fn f() {
    wait().await
}

fn main() {}
