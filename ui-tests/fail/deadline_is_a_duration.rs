use fence::fenced;

async fn wait() {}

#[fenced(deadline = "5s")]
async fn f() {
    wait().await
}

fn main() {}
