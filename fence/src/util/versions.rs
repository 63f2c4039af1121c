//! A value that is replaced now and then, while earlier ones may still be borrowed.

use crate::util::OnceLock;

/// Its versions: all of them live as long as it does, so there had better be few.
#[derive(Debug)]
pub(crate) struct Versions<T>(OnceLock<Box<Version<T>>>);

#[derive(Debug)]
struct Version<T> {
    value: T,
    next: Versions<T>,
}

impl<T> Default for Versions<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> Versions<T> {
    /// The last one that was published.
    pub(crate) fn latest(&self) -> Option<&T> {
        let first = self.0.get();
        let mut all = std::iter::successors(first, |version| version.next.0.get());
        Some(&all.by_ref().last()?.value)
    }

    /// Adds a version. One caller at a time.
    pub(crate) fn publish(&self, value: T) {
        let mut last = self;
        while let Some(version) = last.0.get() {
            last = &version.next;
        }
        let next = Self::default();
        let _ = last.0.set(Box::new(Version { value, next }));
    }
}

/// One after the other, however many there are.
impl<T> Drop for Versions<T> {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(mut version) = next {
            next = version.next.0.take();
        }
    }
}
