#![deny(unused_must_use)]

use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30s")]
async fn f() {
    println!("done");
}

fn main() {}
