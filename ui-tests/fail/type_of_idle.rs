use fence::fenced;

async fn wait() {}

#[fenced(idle = std::time::Instant::now())]
async fn f() {
    wait().await
}

fn main() {}
