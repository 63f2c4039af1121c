use fence::block::fenced;

async fn wait() {}

async fn f() {
    let _ = fenced!(grace = "2s", cooperative, { wait().await });
}

fn main() {
    let _ = f();
}
