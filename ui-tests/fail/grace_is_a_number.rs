use fence::fenced;

async fn wait() {}

#[fenced(grace = 5)]
async fn f() {
    wait().await
}

fn main() {}
