use fence::fenced;

async fn wait() {}

#[fenced(read_timeout = "60s")]
async fn f() {
    wait().await
}

fn main() {}
