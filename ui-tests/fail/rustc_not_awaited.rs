#![deny(unused_must_use)]

use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30s")]
async fn f() -> u8 {
    wait().await;
    5
}

async fn g() {
    f();
    f().await;
}

fn main() {
    let _ = g();
}
