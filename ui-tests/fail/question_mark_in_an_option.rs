use fence::fenced;

async fn wait() {}

fn limit() -> Option<std::time::Duration> {
    None
}

#[fenced(timeout = limit()?)]
async fn f() -> Option<()> {
    Some(wait().await)
}

fn main() {}
