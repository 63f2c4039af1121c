use fence::fenced;

async fn wait() {}

#[fenced(cooperative(true))]
async fn f() {
    wait().await
}

fn main() {}
