use fence::fenced;

async fn wait() {}

#[fenced(inherit = "false")]
async fn f() {
    wait().await
}

fn main() {}
