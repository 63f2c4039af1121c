use fence::fenced;

async fn wait() {}

#[fenced(idle = "0s")]
async fn f() {
    wait().await
}

fn main() {}
