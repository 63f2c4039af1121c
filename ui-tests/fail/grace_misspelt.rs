use fence::fenced;

async fn wait() {}

#[fenced(grase = "2s")]
async fn f() {
    wait().await
}

fn main() {}
