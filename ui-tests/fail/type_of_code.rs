use fence::fenced;

const NUMBER: u8 = 5;

async fn wait() {}

#[fenced(timeout(NUMBER, "5s"))]
async fn f() {
    wait().await
}

fn main() {}
