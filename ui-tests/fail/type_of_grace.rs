use fence::fenced;

async fn wait() {}

#[fenced(grace = std::time::Instant::now())]
async fn f() {
    wait().await
}

fn main() {}
