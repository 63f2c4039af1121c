use fence::fenced;

async fn wait() {}

#[fenced(try = true)]
async fn f() -> Result<(), fence::Cancelled> {
    Ok(wait().await)
}

fn main() {}
