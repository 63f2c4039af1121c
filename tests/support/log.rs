use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::sleep;

use crate::ms;

/// Lines in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub struct Log(pub Arc<Mutex<Vec<String>>>);

impl Log {
    pub fn push(&self, line: impl Into<String>) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line.into());
    }

    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.clone()
    }

    /// A cleanup that takes that many milliseconds and then says its name.
    pub fn cleanup(&self, millis: u64, name: &str) -> impl Future<Output = ()> + Send + 'static {
        let (log, name) = (self.clone(), name.to_owned());
        async move {
            sleep(ms(millis)).await;
            log.push(name);
        }
    }
}
