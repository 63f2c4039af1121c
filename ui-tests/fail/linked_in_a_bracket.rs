use fence::fenced;

async fn wait() {}

#[fenced(linked("request"))]
async fn f() {
    wait().await
}

fn main() {}
