//! What kind of trigger fired.

/// What kind of trigger fired.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{Fencing, ReasonKind};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let call = Fencing::new().timeout(Duration::from_secs(5)).run(std::future::pending::<()>());
/// let is_worth_a_retry = match call.await.cancelled().unwrap().primary().kind() {
///     ReasonKind::Timeout => true,
///     ReasonKind::Custom(kind) => kind == "quota",
///     _ => false,
/// };
/// assert!(is_worth_a_retry);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReasonKind {
    /// A timeout, a budget or a deadline.
    Timeout,
    /// An [`Event`](crate::Event).
    Event,
    /// A [`Handle`](crate::Handle).
    Handle,
    /// A cancellation that a [linked](crate::Fencing::linked) fence inside passed up, under the
    /// code and with the cause that it had there.
    Linked,
    /// A child of a [`try_group`](crate::try_group()) that returned an error, or a panic in a
    /// group.
    Failed,
    /// A [`DropGuard`](crate::DropGuard) that was dropped while armed, or the fence around a
    /// spawned task.
    Dropped,
    /// A custom [`Trigger`](crate::Trigger), under the name that it gives itself.
    Custom(&'static str),
}

impl ReasonKind {
    /// Its name as text, for logs and metrics: that of the variant in lower case, or the one that a
    /// custom trigger gives itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::ReasonKind;
    ///
    /// assert_eq!(ReasonKind::Timeout.as_str(), "timeout");
    /// assert_eq!(ReasonKind::Custom("quota").as_str(), "quota");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Event => "event",
            Self::Handle => "handle",
            Self::Linked => "linked",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
            Self::Custom(name) => name,
        }
    }
}
