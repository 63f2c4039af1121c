//! What became of the cleanups.

use std::fmt;

/// What became of the cleanups of a fence that cancelled, and of the fences and groups inside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleanup {
    pub(crate) ran: usize,
    pub(crate) overran: usize,
    pub(crate) panics: Vec<String>,
    pub(crate) errors: Vec<String>,
}

impl Cleanup {
    /// Whether none overran, panicked or failed.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.overran == 0 && self.panics.is_empty() && self.errors.is_empty()
    }

    /// How many ran to their end.
    #[must_use]
    pub fn ran(&self) -> usize {
        self.ran
    }

    /// How many were dropped because their time was up; children of a group count as well.
    #[must_use]
    pub fn overran(&self) -> usize {
        self.overran
    }

    /// The messages of those that panicked, and of the first child of each group that did.
    #[must_use]
    pub fn panics(&self) -> &[String] {
        &self.panics
    }

    /// What children of a [`try_group`](crate::try_group()) failed with that the fence cut, so
    /// that nobody else learns of it.
    #[must_use]
    pub fn errors(&self) -> &[String] {
        &self.errors
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.ran += other.ran;
        self.overran += other.overran;
        self.panics.extend(other.panics);
        self.errors.extend(other.errors);
    }
}

impl fmt::Display for Cleanup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cleaned up", self.ran)?;
        if self.overran > 0 {
            write!(f, ", {} overran", self.overran)?;
        }
        for (texts, verb) in [(&self.panics, "panicked"), (&self.errors, "failed")] {
            if !texts.is_empty() {
                write!(f, ", {} {verb}: {}", texts.len(), texts.join("; "))?;
            }
        }
        Ok(())
    }
}
