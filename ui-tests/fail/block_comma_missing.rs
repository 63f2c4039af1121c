use fence::block::fenced;

async fn wait() {}

async fn f() {
    let limit = std::time::Duration::from_secs(1);
    let _ = fenced!(timeout = limit { wait().await });
}

fn main() {
    let _ = f();
}
