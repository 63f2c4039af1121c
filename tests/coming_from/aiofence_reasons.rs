use std::time::Duration;

use fence::{Event, Fenced, Fencing, fenced};

#[fenced(timeout("db", "5s"))] // names no event, but obeys what is bound
async fn query() -> String {
    std::future::pending().await
}

async fn answer() -> String {
    match query().await {
        Fenced::Completed(rows) => rows,
        Fenced::Cancelled(why) if why.by("disconnect") => "nobody is left to read it".to_owned(),
        Fenced::Cancelled(_) => "from the cache".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    let disconnect = Event::new();
    let request = Fencing::new()
        .on("disconnect", &disconnect)
        .budget(Duration::from_secs(30));
    assert_eq!(request.bind(answer()).await, "from the cache"); // after 5 s

    disconnect.set();
    assert_eq!(request.bind(answer()).await, "nobody is left to read it"); // `query` never starts
}
