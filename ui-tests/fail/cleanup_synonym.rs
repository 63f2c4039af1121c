use fence::fenced;

async fn wait() {}

#[fenced(on_cancel = "2s")]
async fn f() {
    wait().await
}

fn main() {}
