use fence::fenced;
use std::rc::Rc;

async fn wait() {}

#[fenced(timeout = "30s")]
async fn f() {
    let shared = Rc::new(5);
    wait().await;
    drop(shared);
}

fn send(_: impl Send) {}

fn main() {
    send(f());
}
