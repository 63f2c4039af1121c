use fence::fenced;

async fn wait() {}

#[fenced(timeout = "0.5ns")]
async fn f() {
    wait().await
}

fn main() {}
