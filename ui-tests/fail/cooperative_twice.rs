use fence::fenced;

async fn wait() {}

#[fenced(cooperative, cooperative)]
async fn f() {
    wait().await
}

fn main() {}
