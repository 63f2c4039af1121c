use fence::{Fenced, fenced};

#[fenced(on = "shutdown")] // a deploy ends it at once, and leaves requests their time
async fn next(events: &mut Events) -> Option<String> {
    events.recv().await
}

async fn forward(events: &mut Events, client: &mut Vec<String>) {
    while let Fenced::Completed(Some(event)) = next(events).await {
        client.push(event);
    }
    client.push("come again".to_owned());
}

type Events = tokio::sync::mpsc::Receiver<String>;

#[tokio::test(start_paused = true)]
async fn the_stream_ends_with_a_deploy() {
    let shutdown = fence::ShutdownPlan::new().isolated().unwrap();
    let (send, mut events) = tokio::sync::mpsc::channel(1);
    send.send("one".to_owned()).await.unwrap();
    shutdown.begin("a new version");
    let mut client = vec![];
    let around = fence::Fencing::new().offer("shutdown", shutdown.event());
    around.bind(forward(&mut events, &mut client)).await;
    assert_eq!(client, ["one", "come again"]);
}
