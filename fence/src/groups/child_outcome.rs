//! What a group makes of the outcomes of its children.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::engine::Handle;
use crate::groups::errors::Errors;
use crate::groups::group::Group;
use crate::outcome::{Fenced, Firing};
use crate::tasks::{ChildOutput, Ended};
use crate::util::{Caught, message, unpoisoned};

/// How children end.
impl<E> Group<E> {
    pub(crate) fn settle<O: ChildOutput<E>>(
        &self,
        handle: &Handle,
        outcome: Caught<Fenced<O>>,
    ) -> Ended<O::Value> {
        match outcome {
            Ok(Fenced::Completed(output)) => match output.into_result() {
                Ok(value) => Ended::Finished(value),
                Err(error) => {
                    self.failed(error);
                    Ended::Failed
                }
            },
            Ok(Fenced::Cancelled(why)) => {
                // One that was cancelled by itself tells by itself what became of its cleanups.
                if !handle.has_fired() {
                    let cleanup = why.cleanup().clone();
                    self.tasks().note(|report| report.merge(cleanup));
                }
                Ended::Cancelled(why)
            }
            Err(panic) => Ended::Panicked(self.panicked(panic)),
        }
    }

    pub(crate) fn failed(&self, error: E) {
        match self.errors() {
            Errors::Handler(handler) => handler(error),
            Errors::Collect(errors, text) => {
                // User code, in which a panic must not lose the error.
                let text = catch_unwind(AssertUnwindSafe(|| text(&error)))
                    .unwrap_or_else(|_| "an error whose text panicked".to_owned());
                unpoisoned(errors.lock()).push(error);
                self.tasks().note(|report| report.errors.push(text.clone()));
                self.end(text);
            }
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

    pub(crate) fn take_errors(&self) -> Vec<E> {
        match self.errors() {
            Errors::Handler(_) => Vec::new(),
            Errors::Collect(errors, _) => std::mem::take(&mut *unpoisoned(errors.lock())),
        }
    }
}
