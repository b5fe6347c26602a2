//! Lists that may be cut.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The largest number of items of one list.
pub(crate) const MOST: usize = 10_000;

/// A list that may be cut to its first items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Few<T> {
    /// The first items.
    pub first: Vec<T>,
    /// The number of all items.
    pub all: usize,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self { first: Vec::new(), all: 0 }
    }
}

impl<T> Few<T> {
    /// Adds one more.
    pub(crate) fn push(&mut self, item: T) {
        self.all += 1;
        if self.first.len() < MOST {
            self.first.push(item);
        }
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(mut items: Vec<T>) -> Self {
        let all = items.len();
        items.truncate(MOST);
        Self { first: items, all }
    }
}
