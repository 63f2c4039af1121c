use fence::fenced;

async fn wait() {}

#[fenced(unless(|| true, "disconnect"))]
async fn f() {
    wait().await
}

fn main() {}
