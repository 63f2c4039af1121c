use fence::fenced;

async fn wait() {}

#[fenced(name("fetch"))]
async fn f() {
    wait().await
}

fn main() {}
