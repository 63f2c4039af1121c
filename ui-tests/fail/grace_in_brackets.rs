use fence::fenced;

async fn wait() {}

#[fenced(grace("x", "2s"))]
async fn f() {
    wait().await
}

fn main() {}
