use fence::fenced;

async fn wait() {}

#[fenced(timeout = std::time::Instant::now())]
async fn f() {
    wait().await
}

fn main() {}
