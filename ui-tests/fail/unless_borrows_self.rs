use fence::fenced;

struct Job {
    busy: fence::Event,
}

async fn wait() {}

impl Job {
    #[fenced(unless("stop", || self.busy.is_set()))]
    async fn f(&self) {
        wait().await
    }
}

fn main() {}
