use fence::fenced;

async fn wait() {}

#[fenced(timout = "30s")]
async fn f() {
    wait().await
}

fn main() {}
