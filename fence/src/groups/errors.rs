//! Where the errors of children go.

use std::sync::Mutex;

/// Where the errors of children go.
pub(crate) enum Errors<E> {
    Handler(Box<dyn Fn(E) + Send + Sync>),
    /// Into a list, and the first ends the group. With how to say it in a text.
    Collect(Mutex<Vec<E>>, fn(&E) -> String),
}
