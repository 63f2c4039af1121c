use fence::fenced;

async fn wait() {}

#[fenced(timeout = "5S")]
async fn f() {
    wait().await
}

fn main() {}
