use std::time::Duration;

use fence::{Cancelled, fenced};
use tokio::time::sleep;

const WORTHWHILE: Duration = Duration::from_millis(200); // no attempt helps in less time

#[fenced(budget("total", "10s"), try)]
async fn fetch(url: &str) -> Result<String, Error> {
    let mut pause = Duration::from_millis(100);
    loop {
        let why = match attempt(url).await {
            Ok(page) => return Ok(page),
            Err(why) => why,
        };
        if fence::remaining().is_some_and(|left| left < pause + WORTHWHILE) {
            return Err(why); // the last error says more than "timed out"
        }
        sleep(pause).await;
        pause *= 2;
    }
}

#[fenced(timeout("attempt", "2s"), try)]
async fn attempt(url: &str) -> Result<String, Error> {
    get(url).await
}

use support::{ms, secs};

#[derive(Debug, PartialEq)]
enum Error {
    Cut(String),
    Refused,
}

impl From<Cancelled> for Error {
    fn from(why: Cancelled) -> Self {
        Self::Cut(why.primary().code().to_owned())
    }
}

async fn get(url: &str) -> Result<String, Error> {
    sleep(secs(1)).await;
    match url {
        "slow" => std::future::pending().await,
        "refused" => Err(Error::Refused),
        url => Ok(url.to_owned()),
    }
}

#[tokio::test(start_paused = true)]
async fn it_tries_as_long_as_that_is_of_use() {
    assert_eq!(fetch("page").await, Ok("page".to_owned()));
    let start = tokio::time::Instant::now();
    assert_eq!(fetch("refused").await, Err(Error::Refused));
    assert!((secs(5)..secs(10)).contains(&start.elapsed()));
    let start = tokio::time::Instant::now();
    assert_eq!(fetch("slow").await, Err(Error::Cut("total".to_owned())));
    assert_eq!(start.elapsed(), secs(10));
    let caller = fence::Fencing::new().budget(ms(2200));
    assert_eq!(caller.bind(fetch("refused")).await, Err(Error::Refused));
}
