use fence::fenced;

async fn wait() {}

#[fenced(linked = true)]
async fn f() {
    wait().await
}

fn main() {}
