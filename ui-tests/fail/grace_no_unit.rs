use fence::fenced;

async fn wait() {}

#[fenced(grace = "2")]
async fn f() {
    wait().await
}

fn main() {}
