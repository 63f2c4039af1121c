use fence::block::fenced;
use fence::{Cancelled, Fenced};
use futures::{Stream, StreamExt};

async fn collect(mut tokens: impl Stream<Item = String> + Unpin) -> (String, Option<Cancelled>) {
    let mut text = String::new();
    loop {
        match fenced!(timeout("silent", "10s"), tokens.next()) {
            // for each item
            Fenced::Completed(Some(token)) => text.push_str(&token),
            Fenced::Completed(None) => return (text, None),
            Fenced::Cancelled(why) => return (text, Some(why)),
        }
    }
}

use support::secs;

#[tokio::test(start_paused = true)]
async fn silence_ends_it_and_slowness_does_not() {
    let speak = |last: u64| {
        let words = futures::stream::iter([9, 9, last]).then(async |pause| {
            tokio::time::sleep(secs(pause)).await;
            "la".to_owned()
        });
        Box::pin(words)
    };
    let (text, why) = collect(speak(9)).await;
    assert_eq!((&*text, why.is_none()), ("lalala", true));
    let (text, why) = collect(speak(11)).await;
    assert_eq!((&*text, why.unwrap().by("silent")), ("lala", true));
}
