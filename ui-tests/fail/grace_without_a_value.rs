use fence::fenced;

async fn wait() {}

#[fenced(grace)]
async fn f() {
    wait().await
}

fn main() {}
