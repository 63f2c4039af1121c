use fence::fenced;

async fn wait() {}

#[fenced(name = "")]
async fn f() {
    wait().await
}

fn main() {}
