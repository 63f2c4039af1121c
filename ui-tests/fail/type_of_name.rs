use fence::fenced;

const NUMBER: u8 = 5;

async fn wait() {}

#[fenced(name = NUMBER)]
async fn f() {
    wait().await
}

fn main() {}
