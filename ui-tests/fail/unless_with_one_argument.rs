use fence::fenced;

async fn wait() {}

#[fenced(unless("disconnect"))]
async fn f() {
    wait().await
}

fn main() {}
