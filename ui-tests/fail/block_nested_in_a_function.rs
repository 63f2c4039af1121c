use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30s")]
async fn f() {
    let _ = fence::block::fenced!(timeout = "5s", { wait().await });
}

fn main() {}
