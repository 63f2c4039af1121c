use fence::fenced;

async fn wait() {}

#[fenced(idle("60s", "silence"))]
async fn f() {
    wait().await
}

fn main() {}
