use fence::fenced;

async fn wait() {}

#[fenced(unless())]
async fn f() {
    wait().await
}

fn main() {}
