#[tokio::main(flavor = "current_thread")]
#[fence::fenced(timeout = "30s")]
async fn main() {
    tokio::task::yield_now().await;
}
