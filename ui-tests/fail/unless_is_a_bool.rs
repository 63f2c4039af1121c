use fence::fenced;

async fn wait() {}

#[fenced(unless("disconnect", true))]
async fn f() {
    wait().await
}

fn main() {}
