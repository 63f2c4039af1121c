//! How much time a request has, and what goes off when it is over.

use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::task::coop::{Unconstrained, unconstrained};
use tokio::time::{Instant, Sleep, sleep_until};

/// By when a request has to be answered, and by when everything has to be over.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    /// Of the head of the answer: the tightest there is.
    pub(super) head: Option<Instant>,
    /// Of its body too: what the client has asked for.
    pub(super) body: Option<Instant>,
}

/// How long before the deadline that a client asked for ours is, so that it is our answer that it
/// gets. gRPC's C core writes its deadlines with three digits, rounded up: by at most 1 % of them.
pub(super) fn margin(asked: Duration) -> Duration {
    const LEAST: Duration = Duration::from_millis(2);
    const MOST: Duration = Duration::from_millis(100);
    (asked / 20).clamp(LEAST, MOST).max(asked / 50)
}

/// Goes off at an instant, whatever else the task has used its budget for.
#[derive(Default)]
pub(super) struct Alarm {
    set: Option<(Instant, Pin<Box<Unconstrained<Sleep>>>)>,
}

impl Alarm {
    /// Whether that instant has passed; wakes when it does.
    pub(super) fn has_passed(&mut self, at: Option<Instant>, cx: &mut Context<'_>) -> bool {
        let Some(at) = at else {
            return false;
        };
        if self.set.as_ref().is_none_or(|(set, _)| *set != at) {
            self.set = Some((at, Box::pin(unconstrained(sleep_until(at)))));
        }
        let sleep = self.set.as_mut().map(|(_, sleep)| sleep.as_mut());
        sleep.is_some_and(|sleep| sleep.poll(cx).is_ready())
    }
}
