//! What a group is started with.

use std::num::NonZeroUsize;

use crate::fencing::Fencing;

/// What a group is started with.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) fencing: Fencing,
    /// How many children run at once.
    pub(crate) limit: Option<NonZeroUsize>,
    /// Whether links pass its fence by: it is none of the user's own.
    pub(crate) is_transparent: bool,
}
