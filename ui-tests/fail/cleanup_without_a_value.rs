use fence::fenced;

async fn wait() {}

#[fenced(cleanup)]
async fn f() {
    wait().await
}

fn main() {}
