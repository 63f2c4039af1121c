//! The block macro. It cannot share a path with the attribute: there is one namespace for both.

pub use crate::__fenced as fenced;

#[doc(hidden)]
#[macro_export]
macro_rules! __fenced {
    ($($tokens:tt)*) => {
        $crate::__private::__fenced_block!(($crate) $($tokens)*)
    };
}
