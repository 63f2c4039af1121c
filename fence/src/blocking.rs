//! A scope of plain code: a fence that cannot cut, and is asked instead (D28).

use std::sync::Arc;

use crate::asking;
use crate::cleanup::Cleanup;
use crate::engine::{Core, Engine};
use crate::fencing::Fencing;
use crate::frame::arrive;
use crate::outcome::Fenced;
use crate::running::Step;
use crate::shared::{Shared, State};
use crate::stage::{Kind, Phase};
use crate::start::Start;
use crate::timer::Timer;

/// `shared` is that of the scope's handle, if it has one.
pub(crate) fn run<R>(
    fencing: Fencing,
    shared: Option<Arc<Shared>>,
    f: impl FnOnce() -> R,
) -> Fenced<R> {
    if let Some(why) = asking::why() {
        return Fenced::Cancelled(why);
    }
    let mut core = Core::new(fencing, ());
    core.live.kind = Kind::Plain;
    if let Some(shared) = shared {
        let _ = core.live.extra().shared.set(shared);
    }
    let timer = std::pin::pin!(Timer::default());
    Scope(core.engine(timer)).run(f)
}

/// A scope that ends with a panic tells those inside.
struct Scope<'a>(Engine<'a>);

impl Scope<'_> {
    fn run<R>(mut self, f: impl FnOnce() -> R) -> Fenced<R> {
        let engine = &mut self.0;
        let mut value = None;
        arrive(|here| {
            if matches!(engine.start(here), Start::Go) {
                engine.within(here, Step::default(), || {
                    value = Some(f());
                    true
                });
            }
        });
        if let Some(value) = value {
            engine.report(State::Completed);
            Fenced::Completed(value)
        } else {
            engine.report(State::Cancelled);
            Fenced::Cancelled(engine.cancelled(Cleanup::default()))
        }
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        if self.0.live.phase != Phase::Ended {
            self.0.report(State::Dropped);
        }
    }
}
