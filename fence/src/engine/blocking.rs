//! A scope of plain code: a fence that cannot cut, and is asked instead (D28).

use std::sync::Arc;

use crate::engine::engine::{Core, Engine};
use crate::engine::first_poll::Start;
use crate::engine::frames::binding::Binding;
use crate::engine::frames::current;
use crate::engine::frames::frame::with_frames_to_enter;
use crate::engine::frames::step::Step;
use crate::engine::frames::user_code;
use crate::engine::state::phase::{FenceKind, Phase};
use crate::engine::state::shared::{Shared, State};
use crate::engine::state::timer::Timer;
use crate::fencing::Fencing;
use crate::outcome::{Cancelled, Cleanup, Fenced};

/// `shared` is that of the scope's handle, if it has one.
pub(crate) fn run<R>(
    fencing: Fencing,
    shared: Option<Arc<Shared>>,
    f: impl FnOnce() -> R,
) -> Fenced<R> {
    let mut core = Core::new(fencing, ());
    core.state.set_kind(FenceKind::Plain);
    if let Some(shared) = shared {
        core.state.set_kind(FenceKind::Thread);
        let _ = core.state.rare_or_init().shared.set(shared);
    }
    let timer = std::pin::pin!(Timer::default());
    Scope(core.engine(timer)).run(f)
}

/// Runs plain code as if it stood where `bound` and `lineage` were found, whatever has fired there.
pub(crate) fn enter<R>(bound: &Fencing, lineage: Fencing, f: impl FnOnce() -> R) -> R {
    let mut core = Core::new(lineage, ());
    core.state.set_kind(FenceKind::Entered);
    let timer = std::pin::pin!(Timer::default());
    let mut scope = Scope(core.engine(timer));
    let bound = Binding::new(bound.clone());
    let enter = || {
        scope.0.start_entered();
        let value = scope.call(f);
        scope.0.report(State::Completed);
        value
    };
    current::within_bound(&bound, true, || current::within_bound(&bound, false, enter))
}

/// A scope that ends with a panic tells those inside.
struct Scope<'a>(Engine<'a>);

impl Scope<'_> {
    fn run<R>(mut self, f: impl FnOnce() -> R) -> Fenced<R> {
        if let Err(why) = self.start() {
            self.0.report(State::Cancelled);
            return Fenced::Cancelled(why);
        }
        let value = self.call(f);
        self.0.link_up_if_told();
        self.0.report(State::Completed);
        Fenced::Completed(value)
    }

    /// Starts, unless something has fired, here or around: then why.
    fn start(&mut self) -> Result<(), Cancelled> {
        loop {
            if let Some(why) = user_code::why_not_start() {
                return Err(why);
            }
            match with_frames_to_enter(|here| self.0.start(here)) {
                Start::Go => return Ok(()),
                Start::Fired => return Err(self.0.cancelled(Cleanup::default())),
                // What was found around has fired since it was asked why: it says so now.
                Start::Blocked => {}
            }
        }
    }

    fn call<R>(&self, f: impl FnOnce() -> R) -> R {
        let mut value = None;
        with_frames_to_enter(|here| {
            self.0.within(here, Step::default(), || {
                value = Some(f());
                true
            })
        });
        match value {
            Some(value) => value,
            None => unreachable!("the code was called"),
        }
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        if self.0.state.phase() != Phase::Ended {
            if let Some(shared) = self.0.state.shared_part() {
                shared.tell_panicked();
            }
            self.0.report(State::Dropped);
        }
    }
}

impl Fencing {
    /// Runs plain code under exactly this set, on the calling thread: a fence that cannot cut.
    ///
    /// The code asks with [`check`](crate::check), which sees passed deadlines without the help of
    /// a runtime, and learns of fences around it as well. An async fence inside, under a
    /// `block_on`, is cut by what fires here. If something has fired, here or around, the code is
    /// never run: that is the one place where a fence around is handed on to the code between,
    /// which cannot be cut. Else it is completed, whatever it returns:
    /// [`flatten`](crate::Fenced::flatten) makes one of a `Result` with a [`Cancelled`] in it.
    ///
    /// [`Cancelled`]: crate::Cancelled
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Cancelled, Event, Fencing};
    ///
    /// let enough = Event::new();
    /// let count = Fencing::new().on("enough", &enough).run_blocking(|| {
    ///     for round in 0.. {
    ///         if round == 1000 {
    ///             enough.set();
    ///         }
    ///         fence::check()?;
    ///     }
    ///     Ok::<(), Cancelled>(())
    /// });
    /// assert!(count.flatten().unwrap_err().by("enough"));
    /// ```
    pub fn run_blocking<R>(&self, f: impl FnOnce() -> R) -> Fenced<R> {
        run(self.clone(), None, f)
    }
}
