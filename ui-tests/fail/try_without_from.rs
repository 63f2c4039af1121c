use fence::fenced;

struct Failure;

async fn wait() {}

#[fenced(timeout = "30s", try)]
async fn f() -> Result<(), Failure> {
    Ok(wait().await)
}

fn main() {}
