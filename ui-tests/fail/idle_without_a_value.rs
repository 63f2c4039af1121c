use fence::fenced;

async fn wait() {}

#[fenced(idle)]
async fn f() {
    wait().await
}

fn main() {}
