use std::time::Duration;

use fence::race_ok;
use tokio::time::sleep;

async fn read(key: &'static str) -> Result<String, Vec<String>> {
    let ask = |replica: u32| async move {
        sleep(Duration::from_millis(50) * replica).await; // the second one only if the first is slow
        get(replica, key).await
    };
    let (value, _errors) = race_ok([ask(0), ask(1)]).await?; // the other one is cut, and has cleaned up
    Ok(value)
}

async fn get(replica: u32, key: &str) -> Result<String, String> {
    match (replica, key) {
        (0, "slow") => std::future::pending().await,
        (_, "none") => Err(format!("not on {replica}")),
        _ => Ok(format!("{key} of {replica}")),
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_good_answer_counts() {
    assert_eq!(read("a").await.unwrap(), "a of 0");
    assert_eq!(read("slow").await.unwrap(), "slow of 1");
    assert_eq!(read("none").await.unwrap_err(), ["not on 0", "not on 1"]);
}
