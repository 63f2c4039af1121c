use fence::fenced;

async fn wait() {}

#[fenced(grace = "1s", grace = "2s")]
async fn f() {
    wait().await
}

fn main() {}
