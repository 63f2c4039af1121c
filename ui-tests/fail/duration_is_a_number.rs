use fence::fenced;

async fn wait() {}

#[fenced(timeout = 30)]
async fn f() {
    wait().await
}

fn main() {}
