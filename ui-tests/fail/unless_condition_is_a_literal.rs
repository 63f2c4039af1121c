use fence::fenced;

async fn wait() {}

#[fenced(unless("stop", true))]
async fn f() {
    wait().await
}

fn main() {}
