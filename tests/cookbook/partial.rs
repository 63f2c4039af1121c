use fence::as_completed;
use fence::block::fenced;

async fn search(shards: Vec<u64>) -> (Vec<u64>, bool) {
    let mut hits = Vec::new();
    let outcome = fenced!(timeout = "300ms", {
        let mut answers = as_completed(shards.into_iter().map(ask));
        while let Some(answer) = answers.next().await {
            hits.extend(answer.finished()); // `hits` stands outside of the fence, and stays
        }
    });
    (hits, outcome.is_completed())
}

use support::ms;

async fn ask(shard: u64) -> u64 {
    tokio::time::sleep(ms(shard)).await;
    shard
}

#[tokio::test(start_paused = true)]
async fn what_came_in_time_is_kept() {
    assert_eq!(search(vec![200, 100]).await, (vec![100, 200], true));
    assert_eq!(search(vec![200, 900, 100]).await, (vec![100, 200], false));
}
