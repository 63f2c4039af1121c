use std::time::Duration;

use fence::{Fenced, fenced};

struct Config {
    model_time: Option<Duration>, // `None`: no limit
}

struct Service {
    config: Config,
}

impl Service {
    #[fenced(timeout = self.config.model_time)]
    async fn generate(&self, prompt: &str) -> String {
        model(prompt).await
    }
}

use support::secs;

async fn model(prompt: &str) -> String {
    tokio::time::sleep(secs(9)).await;
    prompt.to_owned()
}

#[tokio::test(start_paused = true)]
async fn the_limit_is_that_of_the_service() {
    let service = |model_time| Service {
        config: Config { model_time },
    };
    let outcome: Fenced<String> = service(Some(secs(3))).generate("hi").await;
    assert!(outcome.cancelled_by("timeout"));
    assert!(service(None).generate("hi").await.is_completed());
}
