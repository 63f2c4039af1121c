//! Mark the part of async code that may be interrupted, say by what, and learn why it was.
//!
//! A *fence* is a running body that may be cut; everything outside of fences runs to its end. This
//! page is a map; the README is the pitch.
//!
//! | to | use |
//! | --- | --- |
//! | fence a function | [`#[fenced]`](macro@fenced), with [`Fenced`] for the outcome |
//! | fence a piece of code in place | [`block::fenced!`](block::fenced) |
//! | fence a future, as a value | [`Fencing::run`], [`FutureExt::fenced`] |
//! | fence a stream | `StreamExt::fenced`, with the feature `stream` |
//! | see why it was cut | [`Cancelled`], [`Reason`], [`ReasonKind`] |
//! | cancel from elsewhere | [`Event`] for many fences, [`Handle`] for one |
//! | declare sources at the boundary | [`Fencing::bind`], [`Fencing::current`] |
//! | offer one to those who name it | [`Fencing::offer`], [`Fencing::on_named`] |
//! | ask the surroundings | [`check`], [`remaining`], [`deadline`], [`checkpoint`] |
//! | cut what makes no progress | [`Fencing::idle`], [`progress`] |
//! | step out of them | [`detached`] |
//! | keep a part from being cut | [`shield`] |
//! | undo what a cut leaves half done | [`on_cancel`], [`on_cancel_with`], [`Cancelled::cleanup`], [`drain`] |
//! | finish in order | [`Fencing::grace`], [`Fencing::cooperative`], [`cancelled`] |
//! | decline a reason | [`Fencing::guard`], [`Fencing::unless`], [`Cancelled::declined`] |
//! | end the fence around as well | [`Fencing::linked`] |
//! | spawn inside of fences | [`spawn`], [`spawn_local`], [`spawn_blocking`], [`FutureExt::in_context`] |
//! | stop a task, learn how it ended | [`Task`], [`Ended`], [`cancel_and_wait`], [`cancel_and_wait_all`] |
//! | end with all that was spawned | [`group()`], [`try_group()`], [`Group`] |
//! | run a list of jobs | [`gather()`], [`as_completed()`], [`race()`], [`race_ok()`] |
//! | do it again and again | [`every()`], [`Overlap`] |
//! | fence plain code | [`Fencing::run_blocking`] |
//! | answer for a cancelled request | `Answers`, with the feature `http` |
//! | read and pass on deadlines | `DeadlineHeaders`, `OutgoingDeadline`, with the feature `http` |
//! | serve clients that leave | `service::FenceLayer`, with the feature `tower` |
//! | end the process in order | `Shutdown`, with the feature `signal` |
//! | test all of that | `fence::testing`, with the feature `test-util` |
//! | add a source of your own | [`Trigger`], [`Firing`] |
//!
//! # When a fence looks
//!
//! - Everything starts with the first poll: the clock, the capture of what is bound, the arming.
//! - If something has fired by then, the body is never polled.
//! - After that the body goes first: a body that finishes is `Completed`, whatever fired meanwhile.
//! - An `.await` that is ready at once is no cancellation point; entering a fence or a
//!   [`checkpoint`] is one, entering a [`shield`] is none.
//! - Cancelling drops the body, with its context set, and runs its cleanups, before the fence
//!   resolves.
//! - A shield that has started puts the cancelling off, and so does a grace; a guard may decline.
//! - Of several fences around one piece of code that have fired, the outermost wins.
//!
//! # The two macros
//!
//! An attribute and a block macro cannot share one path, so the block lives in [`mod@block`] and
//! in the [`prelude`]. A file that needs both writes the attribute as `#[fence::fenced]`.
//!
//! # Runtime
//!
//! Time triggers and a grace need a tokio runtime with its time enabled, as `tokio::time::timeout`
//! does: without one the fence panics at its first pending poll. A fence with other triggers runs
//! under any executor. No fence starts a task or a thread.
//!
//! - Cleanups run under any executor too. Without a timer nobody keeps their limit; and those of a
//!   fence that is *dropped* outside of tokio are dropped with it, as there is nobody to run them.
//! - Tasks are told apart by tokio's number for them. Those of another executor that is polled
//!   inside of a fence, such as smol's `LocalExecutor`, count as code of that fence.
//! - `tokio::spawn` leaves everything behind, what is bound as well: [`spawn`] takes all of it
//!   along, and `tokio::spawn(f.in_context())` what is bound.
//!
//! # Features
//!
//! - `axum`: `IntoResponse` for [`Cancelled`], [`Fenced`] and `Answer`; the extractor
//!   `service::RequestFence`.
//! - `http`: `DeadlineHeaders`, `OutgoingDeadline` and `Answers`, for any client or server.
//! - `signal`: `Shutdown` and `ShutdownPlan`, from SIGTERM to the exit status.
//! - `stream`: `StreamExt`, to fence streams; [`AsCompleted`] as a `Stream`.
//! - `test-util`: `fence::testing`, for tests of code that may be cut.
//! - `tonic`: [`Cancelled`] and `Answer` as a `tonic::Status`; an interceptor for deadlines.
//! - `tower`: `service::FenceLayer`, for axum, hyper, tonic and any other tower service.
//! - `tracing`: the span of a request goes along when its client leaves; an event at debug level for
//!   a deadline that cannot be read.
//! - `tokio-util`: `CancellationToken` as a [`Trigger`], and `Event::cancels` for the other way.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![allow(
    clippy::redundant_closure_for_method_calls,
    reason = "`here(Here::deadline)` does not compile: a method of one `Here` is not one of every"
)]

pub mod block;
mod cleanup;
mod context;
mod engine;
mod fencing;
mod groups;
#[cfg(feature = "http")]
mod http;
mod macros;
mod outcome;
#[cfg(feature = "signal")]
mod shutdown;
#[cfg(all(test, fence_shuttle))]
mod shuttle_models;
mod tasks;
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod testing;
mod trigger;
mod util;

#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub use crate::http::service;
#[doc(hidden)]
pub use crate::macros::private as __private;

/// Makes an `async fn` return [`Fenced<T>`](Fenced): its body is fenced.
///
/// ```
/// # async fn call(_: &str) -> String { "answer".to_owned() }
/// #[fence::fenced(timeout = "30s", on = "shutdown")]
/// async fn generate(prompt: &str) -> String {
///     call(prompt).await
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(generate("hi").await.unwrap(), "answer");
/// # }
/// ```
///
/// The fence extends what is bound where the function is awaited, so `#[fenced]` alone is of use.
///
/// # Options
///
/// In any order; the same for [`block::fenced!`](block::fenced) but for the last two.
///
/// | option | meaning |
/// | --- | --- |
/// | `timeout = "5s"` | each call has that long |
/// | `budget = "5s"` | the same, shared with what is below |
/// | `deadline = at` | an `Instant` of tokio or std |
/// | `idle = "60s"` | no longer than that without [`progress`]: see [`Fencing::idle`] |
/// | `on = "name"` | what is bound under the name, else [`Event::named`] |
/// | `on = STOP`, `on = self.stop` | any [`Trigger`], borrowed, or an `Option` of one; its code is the last name in lower case |
/// | `on = ["a", STOP]` | several |
/// | `timeout("db", "5s")`, `on("stop", x)` | the same five under a code of their own; may be repeated |
/// | `unless("code", move \|\| …)` | declines what fires under the code while the closure says so |
/// | `grace = "2s"` | the body has that long to finish: see [`Fencing::grace`] |
/// | `cooperative` | the body is told, and never cut |
/// | `cleanup = "2s"` | how long the cleanups have, together; 5 s unless given |
/// | `linked` | a cancellation ends the fence around as well |
/// | `name = "…"` | for messages; the function's own name unless given |
/// | `inherit = false` | starts from an empty set instead of the bound one |
/// | `try` | keeps a return type `Result<T, E>`; needs `E: From<Cancelled>` |
/// | `crate = path` | where this crate is, if it is not `::fence` |
///
/// A duration is a string like `"1m 30s"`, read at compile time, or any expression of type
/// `Duration` or `Option<Duration>`, which may use the arguments. Options are evaluated once, at
/// the call, before the body. The closure of `unless` is kept, so it has to own what it asks:
/// `unless("disconnect", { let done = done.clone(); move || done.is_set() })`.
///
/// # With other attributes
///
/// Works on whatever is an `async fn`, also with `#[async_trait]`. Write it *above* the others, such
/// as `#[tokio::test]` and `#[tokio::main]`, but *below* what caches or retries, which would
/// remember a cancellation. In a trait, declare `async fn f(&self) -> Fenced<T>;` and put the
/// attribute on the implementations. [All the orders][others], with examples, are in the repository.
///
/// [others]: https://github.com/tokio-fence/fence/blob/main/docs/with-other-attributes.md
///
/// # In a function that returns `Fenced`
///
/// `?` cannot be applied to a [`Fenced`]: write `f().await.into_result()?`, or give `f` the option
/// `try`.
///
/// # Cancel safety
///
/// The body is dropped at one of its `.await`s, as by `tokio::time::timeout`, so what is fenced
/// has to be cancel safe; what is outside of fences does not.
///
/// # Examples
///
/// Sources of several kinds:
///
/// ```
/// use fence::{Event, fenced};
/// use tokio::time::{Duration, Instant};
///
/// static HANG_UP: Event = Event::new();
///
/// #[fenced(budget = "30s", deadline = closing, on = ["shutdown", HANG_UP], name = "auction")]
/// async fn bid(closing: Instant) {
///     std::future::pending().await
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let why = bid(Instant::now() + Duration::from_secs(5)).await.cancelled().unwrap();
/// assert_eq!(why.to_string(), "`auction` cancelled: deadline: timed out after 5s");
/// # }
/// ```
///
/// A body that may take long, as long as something happens:
///
/// ```
/// use fence::fenced;
/// use tokio::time::{Duration, sleep};
///
/// #[fenced(idle = "60s")]
/// async fn download(chunks: u32) -> u32 {
///     for _chunk in 0..chunks {
///         sleep(Duration::from_secs(30)).await;
///         fence::progress();
///     }
///     chunks
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// assert_eq!(download(100).await.unwrap(), 100);
/// # }
/// ```
///
/// Bodies that finish what they have started:
///
/// ```
/// use fence::fenced;
/// use tokio::time::{Duration, sleep};
///
/// #[fenced(timeout = "5s", grace = "2s", cleanup = "1s")]
/// async fn copy() -> u32 {
///     fence::on_cancel(async { println!("cut in the middle: the file is removed") });
///     let mut parts = 0;
///     while fence::check().is_ok() {
///         sleep(Duration::from_secs(1)).await;
///         parts += 1;
///     }
///     parts
/// }
///
/// #[fenced(timeout = "5s", cooperative)]
/// async fn save() -> bool {
///     fence::cancelled().await.is_timeout()
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// assert_eq!(copy().await.unwrap(), 5);
/// assert!(save().await.unwrap());
/// # }
/// ```
///
/// A client that may leave once the answer is complete:
///
/// ```
/// use fence::{Event, fenced};
/// use tokio::time::{Duration, sleep};
///
/// #[fenced(
///     on("disconnect", left),
///     unless("disconnect", { let complete = complete.clone(); move || complete.is_set() }),
/// )]
/// async fn answer(left: &Event, complete: Event) -> &'static str {
///     complete.set();
///     sleep(Duration::from_secs(1)).await;
///     "saved"
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let left = Event::new();
/// let (answer, _) = tokio::join!(answer(&left, Event::new()), async { left.set() });
/// assert_eq!(answer.unwrap(), "saved");
/// # }
/// ```
///
/// A fallible function, which keeps its signature:
///
/// ```
/// use std::io;
/// use fence::{Cancelled, fenced};
///
/// #[derive(Debug)]
/// enum Error {
///     Cut(Cancelled),
///     Io(io::Error),
/// }
/// # impl From<io::Error> for Error { fn from(error: io::Error) -> Self { Self::Io(error) } }
///
/// impl From<Cancelled> for Error {
///     fn from(why: Cancelled) -> Self {
///         Self::Cut(why)
///     }
/// }
///
/// #[fenced(try, timeout = "5s")]
/// async fn load(path: &str) -> Result<String, Error> {
///     Ok(read(path).await?)
/// }
/// # async fn read(_: &str) -> io::Result<String> { Err(io::ErrorKind::NotFound.into()) }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert!(matches!(load("/no/such/file").await, Err(Error::Io(_))));
/// # }
/// ```
///
/// Relations to what is around, and a renamed dependency:
///
/// ```
/// use fence as interruptible;
/// use fence::{Event, Fencing, fenced};
///
/// #[fenced(timeout = "1s", linked)]
/// async fn call() {
///     std::future::pending().await
/// }
///
/// #[fenced]
/// async fn request() {
///     let _ = call().await;
///     unreachable!("it ends along with the call");
/// }
///
/// #[interruptible::fenced(inherit = false, crate = interruptible)]
/// async fn audit() -> &'static str {
///     "written, whatever is bound"
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// assert!(request().await.cancelled_by("timeout"));
///
/// let left = Event::new();
/// left.set();
/// let bound = Fencing::new().on("disconnect", &left);
/// assert!(bound.bind(audit()).await.is_completed());
/// assert!(bound.bind(request()).await.cancelled_by("disconnect"));
/// # }
/// ```
#[doc(inline)]
pub use fence_macros::fenced;

pub use crate::cleanup::{Drained, Left, LeftKind, LeftState, drain};
pub use crate::context::{
    Bound, Checkpoint, FutureExt, OnCancel, Shield, WaitCancelled, cancelled, check, checkpoint,
    current, deadline, detached, on_cancel, on_cancel_with, progress, remaining, shield,
};
pub use crate::engine::{DropGuard, Fence, Handle, State};
pub use crate::fencing::Fencing;
pub use crate::groups::{
    AsCompleted, Child, Every, Failure, Group, GroupError, Grouping, Overlap, Place, TryGrouping,
    ZeroInterval, as_completed, every, gather, group, race, race_ok, try_group,
};
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use crate::http::answers::{Answer, Answers, GrpcCode, Protocol};
pub use crate::outcome::{Cancelled, Cleanup, Fenced, Firing, Reason, ReasonKind};
#[cfg(feature = "signal")]
#[cfg_attr(docsrs, doc(cfg(feature = "signal")))]
pub use crate::shutdown::{Busy, Shutdown, ShutdownPlan, ShutdownReport, Tracked};
pub use crate::tasks::{
    ChildOutput, Ended, Here, Task, cancel_and_wait, cancel_and_wait_all, here, spawn,
    spawn_blocking, spawn_local,
};
pub use crate::trigger::{Event, FiringFuture, Limit, Trigger, Wait, When};
#[cfg(feature = "stream")]
#[cfg_attr(docsrs, doc(cfg(feature = "stream")))]
pub use crate::{
    context::StreamExt,
    engine::{FencedStream, UntilCancelled},
};

#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use crate::http::deadlines::{DeadlineHeaders, OutgoingDeadline, TimeUnit};

/// What most files need: `use fence::prelude::*;`.
pub mod prelude {
    pub use crate::block::fenced;
    pub use crate::{Event, Fenced, Fencing, FutureExt};
}
