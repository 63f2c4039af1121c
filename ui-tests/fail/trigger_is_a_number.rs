use fence::fenced;

async fn wait() {}

#[fenced(on = 5)]
async fn f() {
    wait().await
}

fn main() {}
