use fence::Cancelled;
use tracing::instrument;

#[derive(Debug)]
enum Failure {
    Late(Cancelled),
}

impl From<Cancelled> for Failure {
    fn from(why: Cancelled) -> Self {
        Self::Late(why)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Late(why) => write!(f, "late: {why}"),
        }
    }
}

#[fence::fenced(timeout = "5ms", try)]
#[instrument(err)]
async fn fetch(id: u64) -> Result<String, Failure> {
    tokio::time::sleep(std::time::Duration::from_secs(id)).await;
    Ok(format!("page {id}"))
}

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    assert!(matches!(fetch(7).await, Err(Failure::Late(_))));
}
