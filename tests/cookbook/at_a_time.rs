use fence::group;

async fn serve(mut requests: Requests) {
    let outcome = group()
        .limit(8.try_into().unwrap()) // at a time
        .run(async |group| {
            loop {
                let place = group.reserve().await; // nothing is taken that cannot be served
                let Some(request) = requests.recv().await else {
                    break;
                };
                place.spawn(answer(request));
            }
        })
        .await; // by now every child has ended
    assert!(outcome.is_completed());
}

use support::secs;

type Requests = tokio::sync::mpsc::Receiver<u64>;

static RUNNING: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
static MOST: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

async fn answer(request: u64) {
    use std::sync::atomic::Ordering::Relaxed;
    MOST.fetch_max(RUNNING.fetch_add(1, Relaxed) + 1, Relaxed);
    tokio::time::sleep(secs(request)).await;
    RUNNING.fetch_sub(1, Relaxed);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_eight_run() {
    let (send, requests) = tokio::sync::mpsc::channel(100);
    for request in 0..30 {
        send.send(request).await.unwrap();
    }
    drop(send);
    serve(requests).await;
    assert_eq!(MOST.load(std::sync::atomic::Ordering::Relaxed), 8);
}
