use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30s")]
async fn f(early: bool) -> Result<u8, String> {
    wait().await;
    if early {
        return 5;
    }
    Ok(5)
}

fn main() {}
