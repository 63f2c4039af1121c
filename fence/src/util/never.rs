//! The never type, which stable Rust does not name.

/// The type of code that never returns, such as an endless loop; it has no name on its own.
#[doc(hidden)]
pub trait Returns {
    /// That type.
    type Output;
}

impl<T> Returns for fn() -> T {
    type Output = T;
}
