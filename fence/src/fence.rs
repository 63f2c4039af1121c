//! The future that is a fence.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::Instant;

use crate::cancelled::Cancelled;
use crate::context::{self, Around, Step};
use crate::engine::{Engine, Phase, Start};
use crate::fencing::Fencing;
use crate::fingerprint::Fingerprint;
use crate::handle::Handle;
use crate::live::Kind;
use crate::outcome::Fenced;
use crate::own::Own;
use crate::shared::{Shared, State};
use crate::timer::Timer;

pin_project! {
    /// A running body under a fencing: the only thing that cancels.
    ///
    /// Made by [`Fencing::run`], and by the macros. It does nothing until it is polled (rule D1),
    /// polls the body in place, is `Send` exactly if the body is, and adds the same number of
    /// bytes to any body (rules D31, D33).
    ///
    /// A fence is used once; its [`Fencing`] makes as many as you like:
    ///
    /// ```compile_fail,E0382
    /// # async fn twice() {
    /// let fence = fence::Fencing::new().run(async {});
    /// let _ = fence.await;
    /// let _ = fence.await;
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If it is polled after it resolved, and where [`Fencing::run`] says.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the body, with its context set, and takes back every waiter and timer.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let fencing = Fencing::new().timeout(Duration::from_secs(1));
    /// let fence = fencing.run(tokio::time::sleep(Duration::from_millis(10)));
    /// assert!(fence.await.is_completed());
    /// # }
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Fence<F, S = (), M = Plain>
    where
        S: Own,
    {
        // Auto traits are proven field by field. Behind the body these would be proven at the
        // innermost of nested fences, and soon beyond the compiler's recursion limit.
        parts: PhantomData<(Timer, Engine<S>)>,
        // `None` once it has ended. Dropped before the rest, as any body is before its scope.
        #[pin]
        body: Option<F>,
        #[pin]
        timer: Timer,
        engine: Engine<S>,
        mode: PhantomData<M>,
    }

    impl<F, S, M> PinnedDrop for Fence<F, S, M>
    where
        S: Own,
    {
        fn drop(this: Pin<&mut Self>) {
            this.abandon();
        }
    }
}

impl<F> Fence<F> {
    pub(crate) fn of(fencing: Fencing, body: F) -> Self {
        Self::from_engine(Engine::new(fencing, ()), body)
    }

    /// The fence around a spawned task.
    pub(crate) fn root(lineage: Fencing, body: F) -> Self {
        let mut engine = Engine::new(lineage, ());
        engine.live.kind = Kind::Task;
        Self::from_engine(engine, body)
    }
}

impl<F, S: Own, M> Fence<F, S, M> {
    pub(crate) fn from_engine(engine: Engine<S>, body: F) -> Self {
        Self {
            parts: PhantomData,
            body: Some(body),
            timer: Timer::default(),
            engine,
            mode: PhantomData,
        }
    }

    /// A handle on this fence, to cancel it from elsewhere. Allocates with the first one.
    pub fn handle(&mut self) -> Handle {
        let shared = &mut self.engine.live.shared;
        let shared = shared.get_or_insert_with(|| Arc::new(Shared::new()));
        Handle::new(shared.clone())
    }

    /// Dropped from outside: midway, the body goes first, with its context set.
    fn abandon(self: Pin<&mut Self>) {
        let this = self.project();
        let engine = this.engine;
        if engine.phase == Phase::Ended {
            return;
        }
        if engine.phase != Phase::Waiting {
            let why = engine.tell_dropped();
            let mut ending = Ending(engine, this.timer);
            ending.disarm();
            ending.drop_body(this.body);
            // Destructors may have spawned, or registered a cleanup.
            let why = why.or_else(|| ending.0.tell_dropped());
            ending.0.leave_cleanups(why);
        }
        engine.report(State::Dropped);
    }
}

impl<F: Future, S: Own, M: Mode<F::Output>> Future for Fence<F, S, M> {
    type Output = M::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<M::Output> {
        let mut this = self.project();
        let expired = match this.engine.phase {
            Phase::Waiting => match this.engine.start() {
                Start::Go => None,
                Start::Blocked => return Poll::Pending,
                Start::Fired => {
                    cut(this.engine, this.timer, this.body);
                    return this.engine.clean_up(cx).map(M::cancelled);
                }
            },
            Phase::Running => this.engine.tick(this.timer.as_mut()),
            Phase::Cleaning => return this.engine.clean_up(cx).map(M::cancelled),
            Phase::Ended => panic!("a `Fence` was polled after it had resolved"),
        };
        let around = match step(
            this.engine,
            this.timer.as_mut(),
            this.body.as_mut(),
            expired,
            cx,
        ) {
            Ok(value) => return Poll::Ready(M::completed(value)),
            Err(around) => around,
        };
        if !this.engine.look(&around, this.timer.as_mut(), cx) {
            return Poll::Pending;
        }
        cut(this.engine, this.timer, this.body);
        this.engine.clean_up(cx).map(M::cancelled)
    }
}

/// One step of the body, inside its frame: its value, or what was learned while it is pending. A
/// body that ends or panics leaves nothing armed.
fn step<F: Future, S: Own>(
    engine: &mut Engine<S>,
    timer: Pin<&mut Timer>,
    mut body: Pin<&mut Option<F>>,
    expired: Option<Instant>,
    cx: &mut Context<'_>,
) -> Result<F::Output, Around> {
    let mut ending = Ending(engine, timer);
    let step = Step {
        waker: Fingerprint::of(cx.waker()),
        expired,
    };
    let (poll, around) = ending.within(step, || {
        let value = match body.as_mut().as_pin_mut() {
            Some(running) => ready!(running.poll(cx)),
            None => unreachable!("a fence has its body until it ends"),
        };
        body.set(None);
        Poll::Ready(value)
    });
    let Poll::Ready(value) = poll else {
        std::mem::forget(ending);
        engine.hold_on();
        return Err(around);
    };
    ending.0.forget_cleanups();
    ending.0.report(State::Completed);
    Ok(value)
}

/// Cuts the body (D4). What is left is to clean up.
fn cut<F, S: Own>(engine: &mut Engine<S>, timer: Pin<&mut Timer>, body: Pin<&mut Option<F>>) {
    engine.tell_cut();
    let mut ending = Ending(engine, timer);
    ending.disarm();
    ending.drop_body(body);
    // Once more, for what destructors spawned.
    ending.0.tell_cut();
    ending.0.begin_cleaning();
}

/// A fence that is about to end. Dropped, on whichever way, it leaves nothing armed (D6).
struct Ending<'a, S: Own>(&'a mut Engine<S>, Pin<&'a mut Timer>);

impl<S: Own> Ending<'_, S> {
    fn disarm(&mut self) {
        self.0.disarm(self.1.as_mut());
    }

    fn within<R>(&mut self, step: Step, f: impl FnOnce() -> R) -> (R, Around) {
        context::within(&mut self.0.live, &mut self.0.own, step, f)
    }

    fn drop_body<F>(&mut self, mut body: Pin<&mut Option<F>>) {
        self.0.live.is_ending = true;
        self.within(Step::default(), || body.set(None));
    }
}

impl<S: Own> Drop for Ending<'_, S> {
    fn drop(&mut self) {
        self.disarm();
    }
}

/// How the outcome is handed on.
pub trait Mode<T> {
    /// What awaiting the fence gives.
    type Output;
    /// Hands on a value.
    fn completed(value: T) -> Self::Output;
    /// Hands on a cancellation.
    fn cancelled(why: Cancelled) -> Self::Output;
}

/// As a [`Fenced`].
#[derive(Debug)]
pub struct Plain;

/// As an error of the body's own `Result`.
#[derive(Debug)]
pub struct Try;

impl<T> Mode<T> for Plain {
    type Output = Fenced<T>;

    fn completed(value: T) -> Fenced<T> {
        Fenced::Completed(value)
    }

    fn cancelled(why: Cancelled) -> Fenced<T> {
        Fenced::Cancelled(why)
    }
}

impl<T, E: From<Cancelled>> Mode<Result<T, E>> for Try {
    type Output = Result<T, E>;

    fn completed(value: Result<T, E>) -> Result<T, E> {
        value
    }

    fn cancelled(why: Cancelled) -> Result<T, E> {
        Err(why.into())
    }
}

impl<F, S: Own, M> fmt::Debug for Fence<F, S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fence")
            .field("phase", &self.engine.phase)
            .field("fencing", &self.engine.live.fencing)
            .finish_non_exhaustive()
    }
}
