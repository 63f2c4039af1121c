use fence::fenced;

async fn wait() {}

#[fenced(timeout = "99999999999999999999s")]
async fn f() {
    wait().await
}

fn main() {}
