#![deny(unused_must_use)]

use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30s")]
async fn f() {
    std::thread::sleep(std::time::Duration::from_secs(1));
    wait().await
}

fn main() {}
