use fence::fenced;

async fn wait() {}

#[fenced(name = "a", name = "b")]
async fn f() {
    wait().await
}

fn main() {}
