use fence::fenced;

async fn wait() {}

#[fenced(grace = true)]
async fn f() {
    wait().await
}

fn main() {}
