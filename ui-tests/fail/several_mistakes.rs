use fence::fenced;

async fn wait() {}

#[fenced(timout = "30s", on = "", budget = 30, deadline = "5s")]
async fn f() -> fence::Fenced<()> {
    wait().await
}

fn main() {}
