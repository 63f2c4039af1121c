use fence::fenced;

async fn wait() {}

#[fenced(grace = "2s", cooperative)]
async fn f() {
    wait().await
}

fn main() {}
