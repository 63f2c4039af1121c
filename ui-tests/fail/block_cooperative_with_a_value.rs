use fence::block::fenced;

async fn wait() {}

async fn f() {
    let _ = fenced!(cooperative = true, { wait().await });
}

fn main() {
    let _ = f();
}
