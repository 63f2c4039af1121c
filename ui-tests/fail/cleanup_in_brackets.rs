use fence::fenced;

async fn wait() {}

#[fenced(cleanup("x", "2s"))]
async fn f() {
    wait().await
}

fn main() {}
