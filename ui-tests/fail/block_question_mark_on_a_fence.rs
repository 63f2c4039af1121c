use fence::block::fenced;

#[fence::fenced]
async fn other() {
    wait().await
}

async fn wait() {}

async fn f() -> Result<(), fence::Cancelled> {
    let _ = fenced!(timeout = "30s", {
        wait().await;
        other().await?
    });
    Ok(())
}

fn main() {
    let _ = f();
}
