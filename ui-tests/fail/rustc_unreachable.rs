#![deny(unreachable_code)]

use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30s")]
async fn f() {
    return wait().await;
    wait().await
}

fn main() {}
