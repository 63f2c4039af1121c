use fence::{Cancelled, fenced, on_cancel};

#[fenced(try)] // names nothing: obeys what its caller bound, and gives `on_cancel` a fence to belong to
async fn upload(store: &Store, parts: Vec<Vec<u8>>) -> Result<(), Error> {
    let id = store.create().await?;
    let abort = on_cancel(store.clone().abort(id));
    for part in parts {
        if let Err(why) = store.put(id, part).await {
            abort.disarm();
            store.clone().abort(id).await; // an error is no cancellation: this is for us to undo
            return Err(why);
        }
    }
    let complete = async {
        let done = store.complete(id).await;
        abort.disarm();
        done
    };
    fence::shield(complete).await // all of it, or nothing
}

use support::{ms, secs};

#[derive(Debug, PartialEq)]
enum Error {
    Cut(String),
    Full,
}

impl From<Cancelled> for Error {
    fn from(why: Cancelled) -> Self {
        Self::Cut(why.primary().code().to_owned())
    }
}

#[derive(Clone, Default)]
struct Store(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl Store {
    async fn say(&self, what: String) {
        tokio::time::sleep(secs(1)).await;
        self.0.lock().unwrap().push(what);
    }

    async fn create(&self) -> Result<u32, Error> {
        self.say("created".to_owned()).await;
        Ok(7)
    }

    async fn put(&self, _: u32, part: Vec<u8>) -> Result<(), Error> {
        self.say(format!("part of {}", part.len())).await;
        if part.is_empty() {
            Err(Error::Full)
        } else {
            Ok(())
        }
    }

    async fn complete(&self, id: u32) -> Result<(), Error> {
        self.say(format!("{id} completed")).await;
        Ok(())
    }

    async fn abort(self, id: u32) {
        self.say(format!("{id} aborted")).await;
    }
}

async fn within(seconds: u64, parts: Vec<Vec<u8>>) -> (Result<(), Error>, Vec<String>) {
    let store = Store::default();
    let request = fence::Fencing::new().budget(ms(seconds * 1000 + 500));
    let done = request.bind(upload(&store, parts)).await;
    let log = store.0.lock().unwrap().clone();
    (done, log)
}

#[tokio::test(start_paused = true)]
async fn it_is_aborted_or_complete() {
    let parts = || vec![vec![1], vec![2, 3]];
    let (done, log) = within(2, parts()).await;
    assert_eq!(done, Err(Error::Cut("budget".to_owned())));
    assert_eq!(log, ["created", "part of 1", "7 aborted"]);

    let (done, log) = within(3, parts()).await;
    assert_eq!(done, Ok(()), "the limit passed in the last step");
    assert_eq!(log, ["created", "part of 1", "part of 2", "7 completed"]);

    let (done, log) = within(9, vec![vec![]]).await;
    assert_eq!(done, Err(Error::Full));
    assert_eq!(log, ["created", "part of 0", "7 aborted"]);
}
