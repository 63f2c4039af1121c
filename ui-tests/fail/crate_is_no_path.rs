use fence::fenced;

async fn wait() {}

#[fenced(crate = 5)]
async fn f() {
    wait().await
}

fn main() {}
