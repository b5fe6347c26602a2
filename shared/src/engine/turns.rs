//! Turns of those who hand in lines to one process at the same time: each new line gets a number that
//! nobody else has, and what one changes no other changes meanwhile. Their commits may go together.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What is under way.
#[derive(Debug, Default)]
pub struct Turns {
    busy: Mutex<HashSet<String>>,
    ended: Notify,
    /// The last number that was given.
    last: tokio::sync::Mutex<i64>,
}

/// A turn: ends when it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    ids: Vec<String>,
}

impl Turns {
    fn busy(&self) -> MutexGuard<'_, HashSet<String>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody else is at one of `ids`.
    pub(super) async fn take(&self, ids: &[&str]) -> Turn<'_> {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            // Hears of every turn that ends from now on.
            ended.as_mut().enable();
            {
                let mut busy = self.busy();
                if !ids.iter().any(|id| busy.contains(*id)) {
                    busy.extend(ids.iter().map(|id| (*id).to_owned()));
                    let ids = ids.iter().map(|id| (*id).to_owned()).collect();
                    return Turn { turns: self, ids };
                }
            }
            ended.await;
        }
    }

    /// The last number that was given, held while more are.
    pub(super) async fn last(&self) -> tokio::sync::MutexGuard<'_, i64> {
        self.last.lock().await
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut busy = self.turns.busy();
        for id in &self.ids {
            busy.remove(id);
        }
        drop(busy);
        self.turns.ended.notify_waiters();
    }
}
