#![deny(unused_must_use)]

use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30s")]
async fn f(handle: &tokio::runtime::Handle) {
    wait().await;
    handle.block_on(wait())
}

fn main() {}
