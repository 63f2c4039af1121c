use fence::{Fenced, fenced};

#[fenced(timeout = "300ms")]
async fn fresh(user: u32) -> Vec<u32> {
    recommend(user).await
}

async fn recommendations(user: u32) -> Vec<u32> {
    match fresh(user).await {
        Fenced::Completed(list) => list,
        Fenced::Cancelled(why) if why.by("timeout") => cached(user).await,
        Fenced::Cancelled(_) => Vec::new(), // nobody waits for them any more
    }
}

use support::ms;

async fn recommend(user: u32) -> Vec<u32> {
    tokio::time::sleep(ms(u64::from(user))).await;
    vec![user]
}

async fn cached(_: u32) -> Vec<u32> {
    vec![1, 2, 3]
}

#[tokio::test(start_paused = true)]
async fn who_is_slow_is_answered_from_the_cache() {
    assert_eq!(recommendations(200).await, [200]);
    assert_eq!(recommendations(400).await, [1, 2, 3]);
    let gone = fence::Event::new();
    gone.set();
    let request = fence::Fencing::new().on("disconnect", &gone);
    assert!(request.bind(recommendations(200)).await.is_empty());
}
