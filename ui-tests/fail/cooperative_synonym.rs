use fence::fenced;

async fn wait() {}

#[fenced(never_drop)]
async fn f() {
    wait().await
}

fn main() {}
