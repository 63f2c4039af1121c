use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30s")]
async fn f() -> u8 {
    wait().await;
    5;
}

fn main() {}
