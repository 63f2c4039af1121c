use fence::block::fenced;

async fn wait() {}

async fn f() -> Result<(), ()> {
    let _ = fenced!(timeout = "30s", {
        wait().await;
        5_u8?
    });
    Ok(())
}

fn main() {
    let _ = f();
}
