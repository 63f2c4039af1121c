use fence::fenced;

const NUMBER: u8 = 5;

async fn wait() {}

#[fenced(inherit = NUMBER)]
async fn f() {
    wait().await
}

fn main() {}
