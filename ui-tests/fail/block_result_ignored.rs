#![deny(unused_must_use)]

use fence::block::fenced;

async fn wait() {}

async fn f() {
    fenced!(timeout = "30s", { wait().await });
}

fn main() {
    let _ = f();
}
