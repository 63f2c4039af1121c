use fence::fenced;

async fn wait() {}

#[fenced(on = [])]
async fn f() {
    wait().await
}

fn main() {}
