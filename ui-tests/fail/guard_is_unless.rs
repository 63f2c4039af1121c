use fence::fenced;

async fn wait() {}

#[fenced(guard("disconnect", || true))]
async fn f() {
    wait().await
}

fn main() {}
