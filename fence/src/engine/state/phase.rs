//! What kind of fence it is, and how far it has come.

/// How far it is with its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Not started: never polled, or an enclosing fence had fired whenever it was.
    Waiting(Inherit),
    Running,
    /// The body is gone, and its cleanups are not done, or an enclosing fence has fired since.
    Cleaning,
    Ended,
}

impl Default for Phase {
    fn default() -> Self {
        Self::Waiting(Inherit::Given)
    }
}

/// What a fence adds its own sources to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inherit {
    /// The set it was given.
    Given,
    /// The set that is bound at the first poll (D17).
    Bound,
    /// Of the bound set only what the fence names.
    BoundNames,
}

/// What is inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FenceKind {
    /// A body.
    #[default]
    Body,
    /// All of a spawned task, or of the ticks of a timer: no fence of the user's own, and none for
    /// links.
    Task,
    /// Plain code, which nothing can cut.
    Plain,
    /// All of a spawned thread: plain code, and none for links.
    Thread,
    /// Plain code of another thread, as if it stood where a snapshot was taken.
    Entered,
}

impl FenceKind {
    /// Whether it is never polled, so that those inside go by what fires, not by a cut.
    #[inline]
    pub(crate) fn is_scope(self) -> bool {
        matches!(self, Self::Plain | Self::Thread | Self::Entered)
    }

    /// Whether links pass it by (D27).
    pub(crate) fn is_transparent(self) -> bool {
        matches!(self, Self::Task | Self::Thread | Self::Entered)
    }
}

/// How far the cancelling has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Cancelling {
    /// Nothing has fired, as far as the fence has looked.
    #[default]
    No,
    /// Something has fired, and those inside have been told.
    Fired,
    GraceOver,
}

/// Whether the body is being dropped, and by whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Dropping {
    #[default]
    No,
    /// The fence cuts it.
    ByCut,
    /// The fence is dropped midway.
    ByDrop,
}
