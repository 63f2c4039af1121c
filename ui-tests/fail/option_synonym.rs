use fence::fenced;

async fn wait() {}

#[fenced(signal = "shutdown")]
async fn f() {
    wait().await
}

fn main() {}
