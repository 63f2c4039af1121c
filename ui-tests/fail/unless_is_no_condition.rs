use fence::fenced;

async fn wait() {}

#[fenced(unless("disconnect", 1 + 1))]
async fn f() {
    wait().await
}

fn main() {}
