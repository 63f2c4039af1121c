use fence::fenced;

async fn wait() {}

#[fenced(cooperative, grace = "2s")]
async fn f() {
    wait().await
}

fn main() {}
