//! Where the innermost frame of a thread is found.

use scoped_tls_hkt::scoped_thread_local;

use crate::engine::frames::frame::Frame;

#[cfg(not(fence_shuttle))]
scoped_thread_local!(static TOP: for<'a> &'a Frame<'a>);

/// Runs `f` with the innermost frame.
#[cfg(not(fence_shuttle))]
#[inline]
pub(crate) fn with_top<R>(f: impl FnOnce(Option<&Frame<'_>>) -> R) -> R {
    if TOP.is_set() {
        TOP.with(|top| f(Some(top)))
    } else {
        f(None)
    }
}

/// Runs `f` with that as the innermost frame.
#[cfg(not(fence_shuttle))]
#[inline]
pub(crate) fn set_top<R>(frame: &Frame<'_>, f: impl FnOnce() -> R) -> R {
    TOP.set(frame, f)
}

/// The threads of a model share that of the checker: each has a place of its own in it.
#[cfg(fence_shuttle)]
macro_rules! places {
    ($($thread:literal $top:ident)*) => {
        $(scoped_thread_local!(static $top: for<'a> &'a Frame<'a>);)*

        pub(crate) fn with_top<R>(f: impl FnOnce(Option<&Frame<'_>>) -> R) -> R {
            match usize::from(shuttle::current::get_current_task().expect("a model runs")) {
                $($thread if $top.is_set() => $top.with(|top| f(Some(top))),)*
                _ => f(None),
            }
        }

        pub(crate) fn set_top<R>(frame: &Frame<'_>, f: impl FnOnce() -> R) -> R {
            match usize::from(shuttle::current::get_current_task().expect("a model runs")) {
                $($thread => $top.set(frame, f),)*
                _ => panic!("a model of fences has four threads"),
            }
        }
    };
}
#[cfg(fence_shuttle)]
places!(0 TOP_0 1 TOP_1 2 TOP_2 3 TOP_3);
