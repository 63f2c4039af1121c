use std::time::Duration;

use fence::{Event, Fencing};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    let (gone, done) = (Event::new(), Event::new());
    let is_done = {
        let done = done.clone();
        move || done.is_set()
    };
    let mut drain = Fencing::new()
        .on("disconnect", &gone)
        .unless("disconnect", is_done)
        .run(async {
            done.set(); // the model said why it stopped
            gone.set(); // and the client leaves
            sleep(Duration::from_secs(1)).await; // the usage still comes
        });
    let handle = drain.handle();
    assert!(drain.await.is_completed());
    assert_eq!(handle.declined()[0].code(), "disconnect");
}
