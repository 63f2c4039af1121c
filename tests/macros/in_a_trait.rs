use async_trait::async_trait;
use fence::Fenced;

#[async_trait]
trait Store {
    async fn size(&self) -> Fenced<usize>;
}

struct Memory(Vec<u8>);

#[async_trait]
impl Store for Memory {
    #[fence::fenced(timeout = "1s")]
    async fn size(&self) -> usize {
        tokio::task::yield_now().await;
        self.0.len()
    }
}

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    let store: Box<dyn Store> = Box::new(Memory(vec![1, 2]));
    assert_eq!(store.size().await.completed(), Some(2));
}
