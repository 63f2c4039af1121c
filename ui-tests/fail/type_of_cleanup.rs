use fence::fenced;

async fn wait() {}

#[fenced(cleanup = std::time::Instant::now())]
async fn f() {
    wait().await
}

fn main() {}
