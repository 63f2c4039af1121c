use fence::fenced;

async fn wait() {}

#[fenced(bubble)]
async fn f() {
    wait().await
}

fn main() {}
