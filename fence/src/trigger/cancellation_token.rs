//! `tokio_util::sync::CancellationToken`, both ways (feature `tokio-util`).

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::outcome::{Firing, ReasonKind};
use crate::trigger::event::Event;
use crate::trigger::trigger::{FiringFuture, Trigger};

fn firing() -> Firing {
    Firing::new(ReasonKind::Custom("token"))
}

/// Fires when the token, or one of its parents, is cancelled.
impl Trigger for CancellationToken {
    fn fired(&self) -> Option<Firing> {
        self.is_cancelled().then(firing)
    }

    fn wait(&self) -> FiringFuture {
        let cancelled = self.clone().cancelled_owned();
        Box::pin(async move {
            cancelled.await;
            firing()
        })
    }

    fn share(&self) -> Arc<dyn Trigger> {
        Arc::new(self.clone())
    }
}

impl Event {
    /// Cancels a token once this event is set: the way to code that knows tokens only.
    ///
    /// It resolves when it has done so, and at once if the token is cancelled by somebody else.
    /// Nothing runs in the background: await it, or spawn it, beside the code that has the token.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if it is dropped; the token is then no longer tied to the event.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Event;
    /// use tokio_util::sync::CancellationToken;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (stop, token) = (Event::new(), CancellationToken::new());
    /// tokio::spawn(stop.cancels(token.clone()));
    /// stop.set();
    /// token.cancelled().await;
    /// # }
    /// ```
    pub fn cancels(&self, token: CancellationToken) -> impl Future<Output = ()> + Send + 'static {
        let set = self.wait();
        async move {
            if token.run_until_cancelled(set).await.is_some() {
                token.cancel();
            }
        }
    }
}
