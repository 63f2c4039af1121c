use fence::fenced;

async fn wait() {}

#[fenced(retries = 3)]
async fn f() {
    wait().await
}

fn main() {}
