//! A scope of plain code: a fence that cannot cut, and is asked instead (D28).

use crate::asking;
use crate::cleanup::Cleanup;
use crate::context::{self, Step};
use crate::engine::{Engine, Phase, Start};
use crate::fencing::Fencing;
use crate::live::Kind;
use crate::outcome::Fenced;
use crate::shared::State;

pub(crate) fn run<R>(fencing: Fencing, f: impl FnOnce() -> R) -> Fenced<R> {
    if let Some(why) = asking::why() {
        return Fenced::Cancelled(why);
    }
    let mut scope = Scope(Engine::new(fencing, ()));
    let engine = &mut scope.0;
    engine.live.kind = Kind::Plain;
    if !matches!(engine.start(), Start::Go) {
        engine.report(State::Cancelled);
        return Fenced::Cancelled(engine.cancelled(Cleanup::default()));
    }
    let (value, _) = context::within(&mut engine.live, &mut engine.own, Step::default(), f);
    engine.report(State::Completed);
    Fenced::Completed(value)
}

/// A scope that ends with a panic tells those inside.
struct Scope(Engine<()>);

impl Drop for Scope {
    fn drop(&mut self) {
        if self.0.phase != Phase::Ended {
            self.0.report(State::Dropped);
        }
    }
}
