//! What a group makes of the outcomes of its children.

use std::any::Any;

use crate::engine::Handle;
use crate::groups::child::Outcome;
use crate::groups::errors::{Errors, Failed, With};
use crate::groups::group::Group;
use crate::groups::member::Child;
use crate::outcome::{Cancelled, Cleanup, Fenced, Firing, Reason};
use crate::tasks::{ChildOutput, Ended};
use crate::util::{contained, message, unpoisoned};

/// How children end.
impl<E> Group<E> {
    /// What became of a child; `None` if it was aborted, which its task knows by itself.
    pub(crate) fn settle<O: ChildOutput<E>>(
        &self,
        child: Child,
        handle: &Handle,
        outcome: Outcome<O>,
    ) -> Option<Ended<O::Value>> {
        Some(match outcome {
            Some(Ok(Fenced::Completed(output))) => self.returned(child, output),
            Some(Ok(Fenced::Cancelled(why))) => {
                // One that was cancelled by itself tells by itself what became of its cleanups.
                if !handle.has_fired() {
                    let cleanup = why.cleanup().clone();
                    self.tasks().note(|report| report.merge(cleanup));
                }
                Ended::Cancelled(why)
            }
            Some(Err(panic)) => Ended::Panicked(self.panicked(panic)),
            None => {
                self.was_cut(child, &handle.why_dropped());
                return None;
            }
        })
    }

    fn returned<O: ChildOutput<E>>(&self, child: Child, output: O) -> Ended<O::Value> {
        if let Some(why) = output.cut() {
            self.was_cut(child.clone(), why);
        }
        match output.into_result() {
            Ok(value) => Ended::Finished(value),
            Err(error) => {
                self.failed(Some(child), error);
                Ended::Failed
            }
        }
    }

    /// A child has no value: a failure, unless it is the group that ends, or a fence around it, or
    /// somebody meant this child (D29).
    fn was_cut(&self, child: Child, why: &Cancelled) {
        let Errors::Collect(..) = self.errors() else {
            return;
        };
        let reasons = why.reasons();
        let is_meant = why.is_passed_up() || reasons.iter().any(Reason::is_through_handle);
        if !is_meant && !self.tasks().is_around(reasons) {
            let text = format!("{child}: {why}");
            self.fail(Some(child), With::Cut(why.clone()), text);
        }
    }

    /// A child, or the host, has returned an error.
    pub(crate) fn failed(&self, child: Option<Child>, error: E) {
        match (self.errors(), child) {
            (Errors::Handler(handler), Some(child)) => handler(&child, error),
            // The host of such a group returns what it likes.
            (Errors::Handler(_), None) => {}
            (Errors::Collect(_, text), child) => {
                // User code, in which a panic must not lose the error.
                let text = contained(|| text(&error))
                    .unwrap_or_else(|| "an error whose text panicked".to_owned());
                let name = child.as_ref().and_then(Child::name);
                let text = name.map_or(text.clone(), |name| format!("{name}: {text}"));
                self.fail(child, With::Error(error), text);
            }
        }
    }

    fn fail(&self, child: Option<Child>, with: With<E>, text: String) {
        let Errors::Collect(failures, _) = self.errors() else {
            return;
        };
        let said = text.clone();
        let is_abandoned = {
            let mut failures = unpoisoned(failures.lock());
            failures.list.push(Failed { child, with, text });
            failures.is_abandoned
        };
        if is_abandoned {
            self.tasks().note(|report| report.errors.push(said.clone()));
        }
        self.end(said);
    }

    /// Nobody will be handed the failures: they are told to the fence that cuts.
    pub(crate) fn abandon(&self) {
        let Errors::Collect(failures, _) = self.errors() else {
            return;
        };
        let mut failures = unpoisoned(failures.lock());
        failures.is_abandoned = true;
        let texts: Vec<_> = failures
            .list
            .iter()
            .map(|failed| failed.text.clone())
            .collect();
        drop(failures);
        if !texts.is_empty() {
            self.tasks().tell(Cleanup {
                errors: texts,
                ..Cleanup::default()
            });
        }
    }

    fn panicked(&self, panic: Box<dyn Any + Send>) -> String {
        let text = message(&*panic);
        if self.tasks().keep_panic(panic) {
            self.tasks().note(|report| report.panics.push(text.clone()));
        }
        if let Errors::Collect(..) = self.errors() {
            self.end(format!("panicked: {text}"));
        }
        text
    }

    pub(crate) fn host_panicked(&self, panic: Box<dyn Any + Send>) {
        let text = self.panicked(panic);
        self.end(format!("the host panicked: {text}"));
    }

    /// Cancels the rest.
    fn end(&self, text: String) {
        self.handle().shared().fire(Firing::of_failure(text));
    }

    pub(crate) fn take_panic(&self) -> Option<Box<dyn Any + Send>> {
        self.tasks().take_panic()
    }

    pub(crate) fn take_failures(&self) -> Vec<Failed<E>> {
        match self.errors() {
            Errors::Handler(_) => Vec::new(),
            Errors::Collect(failures, _) => std::mem::take(&mut unpoisoned(failures.lock()).list),
        }
    }
}
