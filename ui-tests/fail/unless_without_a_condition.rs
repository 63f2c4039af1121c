use fence::fenced;

async fn wait() {}

#[fenced(unless("stop"))]
async fn f() {
    wait().await
}

fn main() {}
