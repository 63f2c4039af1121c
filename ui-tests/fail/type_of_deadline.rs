use fence::fenced;

async fn wait() {}

#[fenced(deadline = std::time::Duration::ZERO)]
async fn f() {
    wait().await
}

fn main() {}
