//! Steps of user code, of which a panic must not leave out the rest (D26).

use std::any::Any;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What panicked first of several steps.
#[derive(Default)]
pub(crate) struct Panics(Option<Box<dyn Any + Send>>);

impl Panics {
    /// Runs a step; `None` if it panics.
    #[inline]
    pub(crate) fn catch<R>(&mut self, step: impl FnOnce() -> R) -> Option<R> {
        match catch_unwind(AssertUnwindSafe(step)) {
            Ok(value) => Some(value),
            Err(panic) => {
                self.keep(panic);
                None
            }
        }
    }

    #[cold]
    fn keep(&mut self, panic: Box<dyn Any + Send>) {
        if self.0.is_none() {
            self.0 = Some(panic);
        } else {
            discard(panic);
        }
    }

    /// Lets the first panic go on. Where another one is on its way, which a second would turn into
    /// an abort, it ends here.
    #[inline]
    pub(crate) fn resume(self) {
        if let Some(panic) = self.0 {
            resume(panic);
        }
    }
}

#[cold]
fn resume(panic: Box<dyn Any + Send>) {
    if std::thread::panicking() {
        discard(panic);
    } else {
        resume_unwind(panic);
    }
}

/// Runs user code whose panic concerns nobody here; `None` if it does. The panic hook has told.
#[inline]
pub(crate) fn contained<R>(step: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(step)).map_err(discard).ok()
}

/// What a panic carries may itself panic when it is dropped: then what that carries stays.
fn discard(panic: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        let _ = ManuallyDrop::new(second);
    }
}
