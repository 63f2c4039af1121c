//! Do fenced methods work in traits, with `#[async_trait]` and without?

use async_trait::async_trait;
use fence::{Cancelled, Fenced};
use std::time::Duration;

#[async_trait]
trait Store {
    async fn read(&self, key: &str) -> Fenced<usize>;
    async fn write(&mut self, key: &str) -> Result<usize, Cancelled>;
}

struct Slow {
    limit: Duration,
    written: usize,
}

#[async_trait]
impl Store for Slow {
    #[fence::fenced(timeout = self.limit)]
    async fn read(&self, key: &str) -> usize {
        tokio::time::sleep(Duration::from_secs(2)).await;
        key.len()
    }

    #[fence::fenced(timeout = self.limit, try)]
    async fn write(&mut self, key: &str) -> Result<usize, Cancelled> {
        self.written += key.len();
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(self.written)
    }
}

#[tokio::test(start_paused = true)]
async fn below_async_trait_and_behind_dyn() {
    let mut patient: Box<dyn Store> = Box::new(Slow {
        limit: Duration::from_secs(3),
        written: 0,
    });
    assert_eq!(patient.read("key").await.completed(), Some(3));
    assert_eq!(patient.write("key").await.ok(), Some(3));
    let mut hasty: Box<dyn Store> = Box::new(Slow {
        limit: Duration::from_secs(1),
        written: 0,
    });
    assert!(hasty.read("key").await.is_cancelled());
    assert!(hasty.write("key").await.is_err_and(|why| why.is_timeout()));
}

trait Native {
    async fn read(&self, key: &str) -> Fenced<usize>;

    fn sendable(&self, key: &str) -> impl Future<Output = Fenced<usize>> + Send;

    #[fence::fenced(timeout = "1s")]
    async fn provided(&self) -> u8 {
        tokio::task::yield_now().await;
        1
    }
}

impl Native for Slow {
    #[fence::fenced(timeout = self.limit)]
    async fn read(&self, key: &str) -> usize {
        tokio::task::yield_now().await;
        key.len()
    }

    #[fence::fenced(timeout = self.limit)]
    async fn sendable(&self, key: &str) -> usize {
        tokio::task::yield_now().await;
        key.len()
    }
}

#[tokio::test(start_paused = true)]
async fn a_trait_with_async_fn() {
    let slow = Slow {
        limit: Duration::from_secs(1),
        written: 0,
    };
    assert_eq!(Native::read(&slow, "ab").await.completed(), Some(2));
    assert_eq!(slow.sendable("abc").await.completed(), Some(3));
    assert_eq!(slow.provided().await.completed(), Some(1));
}
