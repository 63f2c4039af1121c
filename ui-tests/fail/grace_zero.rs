use fence::fenced;

async fn wait() {}

#[fenced(grace = "0s")]
async fn f() {
    wait().await
}

fn main() {}
