use fence::{fenced, on_cancel};

#[fenced(timeout("db", "5s"))]
async fn report(db: &Connection) -> u64 {
    let token = db.cancel_token(); // of tokio-postgres, say: it asks the server over another connection
    let undo = on_cancel(async move { token.cancel_query().await });
    let sum = db.query("select sum(price) from sales").await;
    undo.disarm();
    sum
}

use support::secs;

#[derive(Clone, Default)]
struct Connection(std::sync::Arc<std::sync::atomic::AtomicU32>);

impl Connection {
    fn cancel_token(&self) -> Self {
        self.clone()
    }

    async fn cancel_query(self) {
        tokio::task::yield_now().await;
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    async fn query(&self, _: &str) -> u64 {
        tokio::time::sleep(secs(3600)).await;
        7
    }
}

#[tokio::test(start_paused = true)]
async fn the_server_is_told() {
    let db = Connection::default();
    let why = report(&db).await.cancelled().unwrap();
    assert!(why.by("db") && why.cleanup().is_clean());
    assert_eq!(db.0.load(std::sync::atomic::Ordering::Relaxed), 1);
}
