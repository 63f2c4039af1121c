use fence::fenced;

async fn wait() {}

struct Client {
    limit: std::time::Duration,
}

impl Client {
    #[fenced(timeout = self.)]
    async fn f(&self) {
        wait().await
    }
}

fn main() {}
