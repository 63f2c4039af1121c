use fence::block::fenced;

async fn wait() {}

async fn f() -> u8 {
    let _ = fenced!(timeout = "30s", {
        wait().await;
        "5".parse::<u8>()?
    });
    5
}

fn main() {
    let _ = f();
}
