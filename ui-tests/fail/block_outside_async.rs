use fence::block::fenced;

async fn wait() {}

fn f() {
    let _ = fenced!(timeout = "30s", { wait().await });
}

fn main() {
    let _ = f();
}
