//! What can be read off the fences around a piece of code.

use std::borrow::Cow;
use std::sync::Arc;

use tokio::time::Instant;

use crate::fencing::Fencing;
use crate::live::{self, Live, Stage};
use crate::shared::Shared;
use crate::source::{Entry, Kind, Source};
use crate::stack::Stack;
use crate::times::{Time, earliest};
use crate::trigger::Trigger;
use crate::view::View;

/// A fence on the stack, with what it lent.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) live: &'a Live,
    pub(crate) entries: &'a [Entry],
    pub(crate) times: &'a [Time],
}

/// What is asked of the enclosing fences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Whether one of them cuts, now or once its shields are done (D5, D13).
    Cuts,
    /// Whether one of them has fired, even if the body may go on (D23).
    Fired,
}

/// What their flags say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    /// Triggers of another make, or guards, have to be asked.
    AskUsers,
}

impl<'a> Shown<'a> {
    /// As far as flags go, which is all but its times.
    #[inline]
    pub(crate) fn of(live: &'a Live, entries: &'a [Entry]) -> Self {
        let times = &[];
        Self {
            live,
            entries,
            times,
        }
    }

    fn all_entries(self) -> impl Iterator<Item = &'a Entry> {
        self.live.entries().chain(self.entries)
    }

    pub(crate) fn triggers(self) -> impl Iterator<Item = &'a Arc<dyn Trigger>> {
        self.all_entries().filter_map(Entry::trigger)
    }

    #[inline]
    pub(crate) fn answer(self, question: Question) -> Answer {
        if self.live.is_strict() {
            self.strict_answer(question)
        } else {
            self.lenient_answer(question)
        }
    }

    #[inline]
    fn strict_answer(self, question: Question) -> Answer {
        if self.is_latched(question) {
            Answer::Yes
        } else if self.live.has_triggers {
            Answer::AskUsers
        } else {
            Answer::No
        }
    }

    /// The same for a fence with policies, or one that has fired.
    fn lenient_answer(self, question: Question) -> Answer {
        let live = self.live;
        match (live.stage, question) {
            (Stage::Open, _) => {}
            (Stage::Fired, Question::Cuts) if live.is_lenient() => return Answer::No,
            (Stage::Fired | Stage::Overdue, _) => return Answer::Yes,
        }
        if question == Question::Cuts && live.is_lenient() {
            Answer::No
        } else if live.is_guarded() {
            self.guarded_answer(question)
        } else {
            self.strict_answer(question)
        }
    }

    fn guarded_answer(self, question: Question) -> Answer {
        if self.live.has_accepted() {
            Answer::Yes
        } else if self.live.has_triggers || self.is_latched(question) {
            Answer::AskUsers
        } else {
            Answer::No
        }
    }

    #[inline]
    fn is_latched(self, question: Question) -> bool {
        self.live.is_latched()
            || self.entries.iter().any(Entry::is_latched)
            || (question == Question::Fired && self.live.is_enclosed() && self.is_seen())
    }

    /// Whether a fence around the place where this task was spawned is seen to have fired.
    #[cold]
    fn is_seen(self) -> bool {
        self.live.entries().any(Entry::is_seen)
    }

    /// What it watches, without what its guards are not asked about.
    pub(crate) fn own_view(self) -> View {
        let fencing = &self.live.fencing;
        self.view_of(fencing.entries().iter(), fencing.times().iter())
    }

    /// All that it watches.
    pub(crate) fn view(self) -> View {
        let around = self.live.extra.as_ref().map(|extra| &extra.around);
        let entries = around.map_or(&[][..], |around| around.entries());
        let times = around.map_or(&[][..], |around| around.times());
        let fencing = &self.live.fencing;
        self.view_of(
            entries.iter().chain(fencing.entries()),
            times.iter().chain(fencing.times()),
        )
    }

    fn view_of(
        self,
        entries: impl Iterator<Item = &'a Entry>,
        times: impl Iterator<Item = &'a Time>,
    ) -> View {
        View {
            entries: entries.chain(self.entries).cloned().collect(),
            times: times.chain(self.times).cloned().collect(),
            start: self.live.start,
            deadline: self.live.deadline,
            is_guarded: self.live.is_guarded(),
        }
    }

    fn effective_deadline(self) -> Option<Instant> {
        let around = self.all_entries().filter_map(Entry::effective_deadline);
        earliest(self.live.deadline, around.min())
    }
}

impl Stack {
    /// The nth trigger of another make around this code.
    pub(crate) fn trigger(
        &self,
        nth: usize,
        question: Question,
    ) -> Option<(usize, Arc<dyn Trigger>)> {
        let is_settled =
            |live: &Live| live.is_guarded() || (question == Question::Cuts && live.is_lenient());
        let mut all = self
            .enclosing()
            .filter(|(_, shown)| !is_settled(shown.live))
            .flat_map(|(frame, shown)| shown.triggers().map(move |t| (frame, t.clone())));
        all.nth(nth)
    }

    pub(crate) fn tell(&mut self, frame: usize) {
        if let Some(running) = self.running(frame) {
            running.live.told = true;
        }
    }

    /// What the innermost fence passes its cancellation on to: the fence around it, or around the
    /// place where its task was spawned.
    pub(crate) fn linked_to(&mut self) -> Option<Arc<Shared>> {
        let live = self.innermost()?;
        if live.kind != live::Kind::Task {
            return Some(live.shared().clone());
        }
        match &live.fencing.entries().last()?.source.0 {
            Kind::Lineage(parent) => Some(parent.clone()),
            Kind::Latch(_) | Kind::Custom(_) => None,
        }
    }

    /// Adds a fence as a source for what is spawned inside. A scope of plain code, which nobody
    /// polls, and a task, which is no fence of the user's own, pass their sources on instead: so
    /// there are no chains, however often a task spawns the next.
    pub(crate) fn adopt(&mut self, frame: usize, lineage: &mut Fencing) {
        let Some(shown) = self.fence(frame) else {
            return;
        };
        let view = shown.view();
        if shown.live.kind != live::Kind::Body {
            view.add_to(lineage);
        } else if let Some(running) = self.running(frame) {
            let shared = running.live.shared().clone();
            shared.adopt(|| view);
            lineage.add(Entry {
                code: Cow::Borrowed(""),
                source: Source::lineage(shared),
            });
        }
    }

    /// The earliest deadline of the bound set and of all enclosing fences.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let bound = self.bound().and_then(Fencing::bound_deadline);
        self.enclosing()
            .filter_map(|(_, shown)| shown.effective_deadline())
            .chain(bound)
            .min()
    }

    /// The sources of the scopes of plain code right around this, as a set.
    pub(crate) fn around(&self) -> Option<Fencing> {
        let mut scopes = self.enclosing().map(|(_, shown)| shown);
        let innermost = scopes.next().filter(|shown| shown.live.is_plain())?;
        let mut around = Fencing::new();
        innermost.view().add_to(&mut around);
        for outer in scopes.take_while(|shown| shown.live.is_plain()) {
            outer.view().add_to(&mut around);
        }
        Some(around)
    }
}
