use fence::fenced;

async fn wait() {}

#[fenced(grace = "2s", grace = "3s")]
async fn f() {
    wait().await
}

fn main() {}
