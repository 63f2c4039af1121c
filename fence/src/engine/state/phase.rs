//! What kind of fence it is, and how far it has come.

/// How far it is with its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Not started: never polled, or an enclosing fence had fired whenever it was.
    Waiting(Extends),
    Running,
    /// The body is gone, and its cleanups are not done, or an enclosing fence has fired since.
    Cleaning,
    Ended,
}

impl Default for Phase {
    fn default() -> Self {
        Self::Waiting(Extends::Given)
    }
}

/// What a fence adds its own sources to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extends {
    /// The set it was given.
    Given,
    /// The set that is bound at the first poll (D17).
    Bound,
    /// Of the bound set only what the fence names.
    BoundNames,
}

/// What is inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A body.
    #[default]
    Body,
    /// All of a spawned task: not a fence of the user's own.
    Task,
    /// Plain code, which nothing can cut.
    Plain,
}

/// How far the cancelling has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing has fired, as far as the fence has looked.
    #[default]
    Open,
    /// Something has fired, and those inside have been told.
    Fired,
    /// The grace is over.
    Overdue,
}

/// Why the body is being dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// It is not.
    #[default]
    None,
    /// The fence cuts it.
    Cut,
    /// The fence is dropped midway.
    Dropped,
}
