use fence::fenced;

async fn wait() {}

#[fenced(unless("", || true))]
async fn f() {
    wait().await
}

fn main() {}
