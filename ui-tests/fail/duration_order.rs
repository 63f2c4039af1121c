use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30s1m")]
async fn f() {
    wait().await
}

fn main() {}
