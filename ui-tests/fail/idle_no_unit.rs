use fence::fenced;

async fn wait() {}

#[fenced(idle = "60")]
async fn f() {
    wait().await
}

fn main() {}
