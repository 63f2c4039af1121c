use fence::fenced;

async fn wait() {}

#[fenced(unless = done)]
async fn f() {
    wait().await
}

fn main() {}
