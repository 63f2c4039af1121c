use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30s")]
async fn f(text: String) -> usize {
    drop(text);
    wait().await;
    text.len()
}

fn main() {
    let _ = f(String::new());
}
