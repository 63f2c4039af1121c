#![deny(unused)]

use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30s")]
async fn f(unused: u8, mut needless: u8) {
    wait().await;
    let _ = needless;
}

fn main() {}
