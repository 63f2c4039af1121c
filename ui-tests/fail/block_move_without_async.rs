use fence::block::fenced;

async fn wait() {}

async fn f() {
    let _ = fenced!(timeout = "30s", move { wait().await });
}

fn main() {
    let _ = f();
}
