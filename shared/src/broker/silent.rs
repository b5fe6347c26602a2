//! A broker for a process that takes nothing. Other processes find what this one makes due.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tokio::sync::Notify;

use super::{Broker, BrokerError, Claimed, Track};
use crate::store::{Hint, Lane};

/// Carries nothing.
#[derive(Debug, Default)]
pub struct SilentBroker {
    closed: AtomicBool,
    ended: Notify,
}

#[async_trait]
impl Broker for SilentBroker {
    fn window(&self) -> usize {
        0
    }

    async fn untaken(&self, _: &Arc<str>, _: Lane) -> Result<usize, BrokerError> {
        Ok(0)
    }

    async fn publish(&self, _: Vec<Hint>) -> Result<(), BrokerError> {
        Ok(())
    }

    fn keep(&self, hints: Vec<Hint>) -> Vec<Hint> {
        hints
    }

    fn attend(&self, _: &Arc<str>) {}

    fn is_ready(&self) -> bool {
        true
    }

    async fn take(&self, _: &Arc<str>, _: Track, _: usize) -> Option<Claimed> {
        while !self.is_closed() {
            self.ended.notified().await;
        }
        None
    }

    fn acknowledge(&self, _: Claimed) {}

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.ended.notify_waiters();
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    async fn disconnect(&self) {}
}
