use fence::{fenced, on_cancel, shield};

#[fenced(timeout = "5s", on = "disconnect")]
async fn book(seat: u32) {
    let undo = on_cancel(release(seat)); // awaited before the fence resolves; a failure is reported
    reserve(seat).await;
    charge(seat).await; // may be cut here
    shield(async {
        commit(seat).await;
        undo.disarm();
    })
    .await; // but not here
}

async fn reserve(_: u32) {}
async fn release(_: u32) {}
async fn commit(_: u32) {}
async fn charge(seat: u32) {
    if seat == 7 {
        std::future::pending::<()>().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_releases_the_seat() {
    let why = book(7).await.cancelled().unwrap();
    assert_eq!(why.cleanup().ran(), 1);
    assert!(book(8).await.is_completed());
}
