use fence::fenced;

async fn wait() {}

#[fenced(on("stop", "shutdown"))]
async fn f() {
    wait().await
}

fn main() {}
