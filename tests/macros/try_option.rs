//! Does `try` keep the signature, and turn a cancellation into an error?

use fence::Cancelled;
use std::error::Error;
use std::future::pending;
use tokio::task::yield_now;

#[derive(Debug)]
enum Failure {
    Stopped(String),
    Io(std::io::Error),
}

impl From<Cancelled> for Failure {
    fn from(why: Cancelled) -> Self {
        Self::Stopped(why.primary().code().to_owned())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

#[fence::fenced(timeout = "1s", try)]
async fn own(wait: bool) -> Result<u8, Failure> {
    if wait {
        pending::<()>().await;
    }
    Err(std::io::Error::other("broken"))?;
    Ok(1)
}

#[fence::fenced(try, timeout("db", "1s"))]
async fn boxed() -> Result<u8, Box<dyn Error + Send + Sync>> {
    pending::<()>().await;
    Ok(1)
}

type Alias = Result<&'static str, Cancelled>;

#[fence::fenced(timeout = "1s", try)]
async fn alias() -> Alias {
    yield_now().await;
    Ok("done")
}

#[fence::fenced(timeout = "1s", try)]
async fn opaque() -> Result<impl Iterator<Item = u8>, Cancelled> {
    yield_now().await;
    Ok([1, 2].into_iter())
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_becomes_the_error_of_the_function() {
    assert!(matches!(own(true).await, Err(Failure::Stopped(code)) if code == "timeout"));
    assert!(matches!(own(false).await, Err(Failure::Io(error)) if error.to_string() == "broken"));
}

#[tokio::test(start_paused = true)]
async fn boxed_errors_keep_the_cancellation() {
    let error = boxed().await.expect_err("cancelled");
    let why = error
        .downcast_ref::<Cancelled>()
        .expect("the cancellation itself");
    assert!(why.by("db"));
}

#[tokio::test(start_paused = true)]
async fn aliases_and_opaque_types() {
    assert_eq!(alias().await.ok(), Some("done"));
    assert_eq!(opaque().await.map(Iterator::count).ok(), Some(2));
}

#[tokio::test(start_paused = true)]
async fn question_marks_pass_it_on() {
    async fn caller() -> Result<u8, Failure> {
        Ok(own(true).await? + 1)
    }
    assert!(matches!(caller().await, Err(Failure::Stopped(_))));
}
