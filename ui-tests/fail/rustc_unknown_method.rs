use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30s")]
async fn f(text: &str) {
    wait().await;
    text.shout();
}

fn main() {}
