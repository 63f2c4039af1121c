use fence::block::fenced;

async fn wait() {}

async fn f() {
    let limit = std::time::Duration::ZERO;
    let _ = fenced!(timeout = limit., { wait().await });
}

fn main() {
    let _ = f();
}
