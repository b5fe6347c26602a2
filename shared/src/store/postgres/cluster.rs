//! Leadership, and notifications between processes.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::Row;
use sqlx::postgres::PgListener;
use tokio::sync::mpsc;

use super::PostgresStore;
use crate::backoff::Backoff;
use crate::domain::lot::Timestamp;
use crate::store::{Cluster, Hindrance, Hint, Lane, StoreError, Term};

/// The channel of LISTEN and NOTIFY.
const CHANNEL: &str = "waybill_due";

/// Postgres limits a notification to less than 8,000 bytes.
const PAYLOAD: usize = 7_500;

/// How many notifications may wait. Whatever does not fit is found in the store later.
const HEARD: usize = 1024;

/// How many months ahead partitions are created.
const MONTHS: i32 = 3;

/// The first and the longest pause before listening is tried again.
const DEAF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// The number of new events after which tallies are folded.
const FOLD: usize = 20_000;

/// Texts for NOTIFY. Each line is `queue lane due id id id`, for one queue, lane and due time.
fn payloads(hints: &[Hint]) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last: Option<(&Arc<str>, Lane, i64)> = None;
    for hint in hints {
        let key = (&hint.queue, hint.lane, hint.due);
        if all.last().is_none_or(|text| text.len() > PAYLOAD - 128) {
            all.push(String::new());
            last = None;
        }
        let Some(text) = all.last_mut() else { continue };
        // Writing to a string does not fail.
        if last != Some(key) {
            let start = if text.is_empty() { "" } else { "\n" };
            write!(text, "{start}{} {} {}", hint.queue, hint.lane as u8, hint.due).ok();
            last = Some(key);
        }
        write!(text, " {}", hint.id).ok();
    }
    all
}

/// Parses the output of [`payloads`]. Lines that cannot be parsed are skipped.
fn heard(payload: &str) -> Vec<Hint> {
    let mut hints = Vec::new();
    for line in payload.lines() {
        let mut words = line.split(' ');
        let (Some(queue), Some(lane), Some(due)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let lane = lane.parse().ok().and_then(|lane: usize| Lane::ALL.get(lane).copied());
        let (Some(lane), Ok(due)) = (lane, due.parse()) else { continue };
        let queue: Arc<str> = queue.into();
        let ids = words.filter_map(|id| id.parse().ok());
        hints.extend(ids.map(|id| Hint { queue: queue.clone(), lane, id, due }));
    }
    hints
}

#[async_trait]
impl Cluster for PostgresStore {
    async fn lead(&self, term: Option<Term>) -> Result<Option<Term>, StoreError> {
        let query = match term {
            None => {
                sqlx::query(include_str!("sql/lead.sql")).bind(&*self.holder).bind(self.interval())
            }
            Some(Term(term)) => sqlx::query(include_str!("sql/lead_on.sql"))
                .bind(&*self.holder)
                .bind(self.interval())
                .bind(term),
        };
        let rows = self.rows("lead", query).await?;
        Ok(rows.first().map(|row| Term(row.get(0))))
    }

    async fn resign(&self, Term(term): Term) -> Result<(), StoreError> {
        let query = sqlx::query(include_str!("sql/resign.sql")).bind(term);
        self.rows("resign", query).await.map(drop)
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        let rows =
            self.casual_rows("read the time", sqlx::query(include_str!("sql/time.sql"))).await?;
        Ok(rows.first().and_then(|row| Timestamp::from_timestamp_millis(row.get(0))))
    }

    async fn led_by(&self) -> Result<Option<String>, StoreError> {
        let rows = self.rows("read", sqlx::query(include_str!("sql/led_by.sql"))).await?;
        Ok(rows.first().map(|row| row.get(0)))
    }

    fn term_time(&self) -> Option<Duration> {
        Some(self.lease_time)
    }

    async fn sequence(&self, term: Term) -> Result<usize, StoreError> {
        let events = self.give_positions(term).await?;
        let moved = self.moved.fetch_add(events, Ordering::Relaxed) + events;
        if moved >= FOLD {
            self.moved.store(0, Ordering::Relaxed);
            let query = sqlx::query(include_str!("sql/fold_tallies.sql")).bind(term.0);
            self.rows("fold tallies", query).await?;
        }
        Ok(events)
    }

    async fn hindrances(&self) -> Result<Vec<Hindrance>, StoreError> {
        self.hindered().await
    }

    async fn keep_house(&self, _: Term) -> Result<(), StoreError> {
        // Each month is created once, even if several processes try. A month that fails does not prevent the others.
        let mut made = Ok(());
        for months in 0..=MONTHS {
            let query = sqlx::query(include_str!("sql/make_partition.sql")).bind(months);
            made = made.and(self.rows("create the coming months", query).await.map(drop));
        }
        let strays = sqlx::query(include_str!("sql/stray_months.sql"));
        for row in self.rows("look for missing months", strays).await? {
            let month: String = row.get(0);
            let query = sqlx::query(include_str!("sql/make_month.sql")).bind(month);
            made = made.and(self.rows("create a missing month", query).await.map(drop));
        }
        made
    }

    async fn tell(&self, hints: &[Hint]) -> Result<(), StoreError> {
        for payload in payloads(hints) {
            let query = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(payload);
            self.casual_rows("announce due work", query).await?;
        }
        Ok(())
    }

    async fn hear(&self) -> Result<Option<mpsc::Receiver<Vec<Hint>>>, StoreError> {
        let failed = |source| StoreError::Database { operation: "listen", source };
        let mut listener = PgListener::connect_with(&self.casual).await.map_err(failed)?;
        listener.listen(CHANNEL).await.map_err(failed)?;
        let (said, hears) = mpsc::channel(HEARD);
        tokio::spawn(async move {
            let mut backoff = Backoff::new(DEAF.0, DEAF.1);
            loop {
                let hints = tokio::select! {
                    notification = listener.try_recv() => match notification {
                        Ok(Some(notification)) => {
                            backoff.reset();
                            heard(notification.payload())
                        }
                        // Notifications were lost while the connection was down. An empty list makes the relay look in
                        // the store.
                        Ok(None) => Vec::new(),
                        Err(error) => {
                            tracing::warn!(%error, "cannot receive notifications of due lots and jobs");
                            tokio::time::sleep(backoff.pause()).await;
                            Vec::new()
                        }
                    },
                    () = said.closed() => return,
                };
                // If the channel is full, only a hint is lost, not work.
                said.try_send(hints).ok();
            }
        });
        Ok(Some(hears))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_heard_in_pieces_that_fit() {
        let hint = |id: i64| {
            let queue = if id % 2 == 0 { "match_donor" } else { "issue_order" };
            let lane = Lane::ALL[(id % 3) as usize];
            Hint { queue: queue.into(), lane, id, due: 1_700_000_000_000 + id / 100 }
        };
        let hints: Vec<Hint> = (0..5_000).map(hint).collect();
        let told = payloads(&hints);
        assert!(told.len() > 1 && told.iter().all(|text| text.len() < 7_999));
        assert_eq!(told.iter().flat_map(|text| heard(text)).collect::<Vec<_>>(), hints);
        assert_eq!(payloads(&[]), [""]);
        assert!(heard("").is_empty() && heard("a b c\nx 9 1 2").is_empty());
    }
}
