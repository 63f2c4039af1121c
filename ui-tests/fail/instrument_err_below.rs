use fence::fenced;
use tracing::instrument;

async fn wait() {}

#[fenced(timeout = "30s")]
#[instrument(err)]
async fn f() -> Result<(), std::fmt::Error> {
    wait().await;
    Ok(())
}

fn main() {}
