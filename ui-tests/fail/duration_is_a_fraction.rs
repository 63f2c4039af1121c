use fence::fenced;

async fn wait() {}

#[fenced(budget = 1.5)]
async fn f() {
    wait().await
}

fn main() {}
