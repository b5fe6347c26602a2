//! Takes turns among those who submit lines to one process at the same time. Each new line gets a number of its own,
//! and nobody changes a line that somebody else is changing. Their commits may still go together.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The external ids that are being worked on.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    busy: Mutex<HashSet<String>>,
    ended: Notify,
    /// The last number that was given out.
    last: tokio::sync::Mutex<i64>,
}

/// A turn. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    ids: Vec<String>,
}

impl Turns {
    fn busy(&self) -> MutexGuard<'_, HashSet<String>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody else works on any of `ids`.
    pub(crate) async fn take(&self, ids: &[&str]) -> Turn<'_> {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            // Registers before the check, so that no turn that ends in between is missed.
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

    /// The last number that was given out. Hold the lock while giving out more.
    pub(crate) async fn last(&self) -> tokio::sync::MutexGuard<'_, i64> {
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
