#![deny(unused_must_use)]

use fence::block::fenced;

async fn wait() {}

async fn f() {
    let _ = fenced!(timeout = "30s", { 5 });
}

fn main() {
    let _ = f();
}
