use fence::fenced;

async fn wait() {}

#[fenced(timeout("5s", "db"))]
async fn f() {
    wait().await
}

fn main() {}
