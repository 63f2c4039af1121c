use tracing::instrument;

#[fence::fenced(timeout = "5s", on = "shutdown")]
#[instrument]
async fn fetch(id: u64) -> String {
    tokio::task::yield_now().await;
    format!("page {id}")
}

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    assert_eq!(fetch(7).await.completed().as_deref(), Some("page 7"));
}
