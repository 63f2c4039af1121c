//! Lists that hardly ever have more than one item.

use std::iter::Chain;
use std::ops::{Deref, DerefMut};

/// A list without an allocation for its first item.
#[derive(Clone, Debug, Default)]
pub(crate) enum SmallList<T> {
    #[default]
    None,
    One([T; 1]),
    Many(Vec<T>),
}

impl<T> SmallList<T> {
    #[inline]
    pub(crate) fn push(&mut self, item: T) {
        match self {
            Self::None => *self = Self::One([item]),
            Self::One(_) => self.push_second(item),
            Self::Many(many) => many.push(item),
        }
    }

    #[cold]
    fn push_second(&mut self, item: T) {
        let mut many = Vec::with_capacity(4);
        many.extend(std::mem::take(self));
        many.push(item);
        *self = Self::Many(many);
    }

    pub(crate) fn into_vec(self) -> Vec<T> {
        match self {
            Self::None => Vec::new(),
            Self::One(one) => Vec::from(one),
            Self::Many(many) => many,
        }
    }
}

impl<T> From<Vec<T>> for SmallList<T> {
    fn from(many: Vec<T>) -> Self {
        Self::Many(many)
    }
}

impl<T> FromIterator<T> for SmallList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut few = Self::None;
        items.into_iter().for_each(|item| few.push(item));
        few
    }
}

impl<T> IntoIterator for SmallList<T> {
    type Item = T;
    type IntoIter = Chain<std::option::IntoIter<T>, std::vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        let (first, rest) = match self {
            Self::None => (None, Vec::new()),
            Self::One([one]) => (Some(one), Vec::new()),
            Self::Many(many) => (None, many),
        };
        first.into_iter().chain(rest)
    }
}

impl<T> Deref for SmallList<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::None => &[],
            Self::One(one) => one,
            Self::Many(many) => many,
        }
    }
}

impl<T> DerefMut for SmallList<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::None => &mut [],
            Self::One(one) => one,
            Self::Many(many) => many,
        }
    }
}
