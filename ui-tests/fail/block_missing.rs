use fence::block::fenced;

async fn wait() {}

async fn f() {
    let _ = fenced!(timeout = "30s");
}

fn main() {
    let _ = f();
}
