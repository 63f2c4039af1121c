//! How `?`, `return`, `break` and `continue` leave a `fenced!` block written as `{ … }`.
//!
//! Such a block runs inside an `async` block, which none of the four can leave. So the macro lets
//! the `async` block return *how* it wants to be left, and does the leaving outside of it. What
//! that needs of the library is here: [`Branch`] and [`Leave`] stand in for the unstable
//! `Try` and `FromResidual` of the standard library, and [`Way`] tells the compiler early what
//! type is expected outside, so that `return Err(Box::new(error))` means the same as ever.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::task::Poll;

/// What `?` can be applied to.
#[diagnostic::on_unimplemented(
    message = "the `?` operator cannot be applied to `{Self}`",
    label = "not a `Result`, `Option`, `ControlFlow` or `Poll` of a `Result`",
    note = "a `Fenced` becomes a `Result` by `into_result()`"
)]
pub trait Branch {
    /// What `?` evaluates to.
    type Output;
    /// What leaves the function.
    type Residual;

    /// Goes on with a value, or leaves.
    fn branch(self) -> ControlFlow<Leaving<Self::Residual>, Self::Output>;
}

/// What a function must return for `?` to leave it with an `R`.
#[diagnostic::on_unimplemented(
    message = "this `?` leaves the `fenced!` block, but the enclosing function returns `{Self}`",
    label = "cannot be returned from a function that returns `{Self}`",
    note = "write `async {{ … }}` instead of `{{ … }}` to keep `?` inside the block"
)]
pub trait Leave<R> {
    /// The value that is returned.
    fn leave(residual: R) -> Self;
}

/// What a `?` leaves with, on its way out of the block.
#[derive(Debug)]
pub struct Leaving<R>(R);

impl<R> Leaving<R> {
    /// Converts it into what the enclosing function returns.
    pub fn leave<T: Leave<R>>(self) -> T {
        T::leave(self.0)
    }
}

/// One way out of a block: knows the type of the value that is carried out, but holds none.
#[derive(Debug)]
pub struct Way<T>(PhantomData<fn() -> T>);

impl<T> Way<T> {
    /// The two ends of a way, outside and inside of the block. Inference makes them agree.
    #[must_use]
    pub const fn ends() -> (Self, Self) {
        (Self(PhantomData), Self(PhantomData))
    }

    /// Nothing, but of the type that is carried out. Takes the end by value, so that the block
    /// captures it by value, which costs no bytes.
    #[must_use]
    pub fn never(self) -> Option<T> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<T, E> Branch for Result<T, E> {
    type Output = T;
    type Residual = Result<Infallible, E>;

    fn branch(self) -> ControlFlow<Leaving<Self::Residual>, T> {
        match self {
            Ok(value) => ControlFlow::Continue(value),
            Err(error) => ControlFlow::Break(Leaving(Err(error))),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T> Branch for Option<T> {
    type Output = T;
    type Residual = Option<Infallible>;

    fn branch(self) -> ControlFlow<Leaving<Self::Residual>, T> {
        self.map_or(ControlFlow::Break(Leaving(None)), ControlFlow::Continue)
    }
}

#[diagnostic::do_not_recommend]
impl<B, C> Branch for ControlFlow<B, C> {
    type Output = C;
    type Residual = ControlFlow<B, Infallible>;

    fn branch(self) -> ControlFlow<Leaving<Self::Residual>, C> {
        match self {
            ControlFlow::Continue(value) => ControlFlow::Continue(value),
            ControlFlow::Break(value) => ControlFlow::Break(Leaving(ControlFlow::Break(value))),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T, E> Branch for Poll<Result<T, E>> {
    type Output = Poll<T>;
    type Residual = Result<Infallible, E>;

    fn branch(self) -> ControlFlow<Leaving<Self::Residual>, Poll<T>> {
        match self {
            Poll::Ready(Ok(value)) => ControlFlow::Continue(Poll::Ready(value)),
            Poll::Ready(Err(error)) => ControlFlow::Break(Leaving(Err(error))),
            Poll::Pending => ControlFlow::Continue(Poll::Pending),
        }
    }
}

impl<T, E, F: From<E>> Leave<Result<Infallible, E>> for Result<T, F> {
    fn leave(residual: Result<Infallible, E>) -> Self {
        let Err(error) = residual;
        Err(F::from(error))
    }
}

impl<T, E, F: From<E>> Leave<Result<Infallible, E>> for Poll<Result<T, F>> {
    fn leave(residual: Result<Infallible, E>) -> Self {
        let Err(error) = residual;
        Poll::Ready(Err(F::from(error)))
    }
}

#[diagnostic::do_not_recommend]
impl<T> Leave<Option<Infallible>> for Option<T> {
    fn leave(_: Option<Infallible>) -> Self {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<B, C> Leave<ControlFlow<B, Infallible>> for ControlFlow<B, C> {
    fn leave(residual: ControlFlow<B, Infallible>) -> Self {
        let ControlFlow::Break(value) = residual;
        ControlFlow::Break(value)
    }
}
