use fence::block::fenced;

async fn wait() {}

async fn f() {
    let _ = fenced!(std::time::Duration::from_secs(5), wait());
}

fn main() {
    let _ = f();
}
