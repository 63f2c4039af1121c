//! What the cleanups of a test leave.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::sleep;

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[derive(Clone, Default)]
pub struct Log(pub Arc<Mutex<Vec<String>>>);

impl Log {
    pub fn push(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// A cleanup that takes that long and then says its name.
    pub fn cleanup(&self, time: u64, name: &str) -> impl Future<Output = ()> + Send + 'static {
        let (log, name) = (self.clone(), name.to_owned());
        async move {
            sleep(ms(time)).await;
            log.push(name);
        }
    }
}
