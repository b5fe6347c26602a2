//! Only one process at a time opens the file, so it always leads and has nobody to notify.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::{ONLY_TERM, SqliteStore};
use crate::store::{Cluster, Hint, StoreError, Term};

#[async_trait]
impl Cluster for SqliteStore {
    async fn lead(&self, _: Option<Term>) -> Result<Option<Term>, StoreError> {
        Ok(Some(ONLY_TERM))
    }

    async fn resign(&self, _: Term) -> Result<(), StoreError> {
        Ok(())
    }

    async fn led_by(&self) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    fn term_time(&self) -> Option<Duration> {
        None
    }

    async fn sequence(&self, _: Term) -> Result<usize, StoreError> {
        // The writer assigns positions as it writes.
        Ok(0)
    }

    async fn keep_house(&self, _: Term) -> Result<(), StoreError> {
        Ok(())
    }

    async fn tell(&self, _: &[Hint]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn hear(&self) -> Result<Option<mpsc::Receiver<Vec<Hint>>>, StoreError> {
        Ok(None)
    }
}
