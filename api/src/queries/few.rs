//! Lists of which only the first may be given.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Things of one list that are given at most.
pub(crate) const MOST: usize = 10_000;

/// A list, of which only the first may be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Few<T> {
    /// The first.
    pub first: Vec<T>,
    /// How many there are.
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
