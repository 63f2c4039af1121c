use fence::fenced;

async fn wait() {}

#[fenced(timeout =, on = "shutdown")]
async fn f() {
    wait().await
}

fn main() {}
