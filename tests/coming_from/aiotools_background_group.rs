use fence::{Event, Group, group};
use tokio::sync::oneshot;

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    let stop = Event::new();
    let (send, receive) = oneshot::channel::<Group>();
    let host = {
        let stop = stop.clone();
        async move |group: Group| {
            send.send(group).unwrap();
            stop.wait().await;
        }
    };
    let background = fence::spawn(group().run(host));
    let tasks = receive.await.unwrap();
    let child = tasks.spawn(async { println!("in the background") });
    stop.set(); // `shutdown()`: the host ends, and the children may
    assert!(background.await.unwrap().is_completed());
    child.await.unwrap();
}
