use fence::fenced;

async fn wait() {}

#[fenced(unless("", true), unless = 5, grace, linked = 1, cooperative)]
async fn f() {
    wait().await
}

fn main() {}
