use fence::block::fenced;

struct Failure;

async fn wait() {}

async fn f() -> Result<(), Failure> {
    let _ = fenced!(timeout = "30s", {
        wait().await;
        "5".parse::<u8>()?
    });
    Ok(())
}

fn main() {
    let _ = f();
}
