use std::time::Duration;

async fn complain() {
    for left in fence::drain(Duration::from_secs(5)).await.left() {
        eprintln!("still there: {left}"); // thread `app::index` at src/index.rs:41, running for 12.3s
    }
}

#[tokio::test]
async fn a_thread_that_hangs_is_named() {
    let (stop, stopping) = std::sync::mpsc::channel::<()>();
    let thread = fence::spawn_blocking(move || stopping.recv());
    let left = fence::drain(Duration::ZERO).await;
    let text = format!("{left:#}");
    assert!(text.contains("thread `cookbook::hang::"), "{text}");
    assert!(text.contains("hang.rs:"), "{text}");
    drop(stop);
    assert!(thread.await.is_finished());
    complain().await;
}
