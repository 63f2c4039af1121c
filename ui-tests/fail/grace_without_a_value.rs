use fence::fenced;

async fn wait() {}

#[fenced(timeout = "5s", grace)]
async fn f() {
    wait().await
}

fn main() {}
