use fence::fenced;

async fn wait() {}

#[fenced(linked, linked)]
async fn f() {
    wait().await
}

fn main() {}
