//! Archives: what lots that have ended looked like on their way is moved out of the log into a file. Who did what and
//! when stays, with the SHA-256 of each body, which is what the hash chain holds of it: the log verifies as before, and a
//! body that is in no archive that is known is a break.

use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDate, TimeZone as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::event::Event;
use crate::domain::ids::LotId;
use crate::domain::kinds::RecordKind;
use crate::domain::lot::{LotState, Timestamp};
use crate::store::chain::{archived, hex};
use crate::store::{LotFilter, Store, StoreError};

/// The kind and key of the note in a copy that has what archives hold back in its log.
pub const PUT_BACK: &str = "put_back";

/// Events and lots read at once.
const PAGE: i64 = 5_000;

/// What the calendar notes of each fire: all but the last of an entry is archived, too.
const CALENDAR: &str = "cron:";

/// An archive, as the log keeps it: the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// Its number, from 1.
    pub number: u32,
    /// When it was made.
    pub at: Timestamp,
    /// What had ended before this day is in it.
    pub before: NaiveDate,
    /// The last position that it is about: the feed begins behind it.
    pub upto: i64,
    /// How many bodies are in it.
    pub events: i64,
    /// SHA-256 over position and SHA-256 of each of these bodies, in hexadecimal.
    pub digest: String,
    /// The file's path, as it was written.
    pub file: String,
    /// Whether all of these bodies have left the log.
    pub is_done: bool,
}

/// Every archive that a log tells of, by number.
///
/// # Errors
/// [`StoreError`] if they cannot be read.
pub async fn archives(store: &dyn Store) -> Result<Vec<Archive>, StoreError> {
    let mut archives = Vec::new();
    for record in store.records(RecordKind::Archive).await? {
        archives.push(crate::store::body::parse::<Archive>(
            RecordKind::Archive,
            &record.id,
            &record.body,
        )?);
    }
    archives.sort_by_key(|archive| archive.number);
    Ok(archives)
}

/// What several bodies come to.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// How many.
    pub events: i64,
    hash: Sha256,
}

impl Tally {
    /// One more, in the order of positions.
    pub fn add(&mut self, position: i64, sum: &[u8; 32]) {
        self.events += 1;
        self.hash.update(position.to_be_bytes());
        self.hash.update(sum);
    }

    /// The digest of all.
    #[must_use]
    pub fn digest(&self) -> String {
        hex(self.hash.clone())
    }
}

/// What can be archived.
#[derive(Debug)]
pub struct Plan {
    /// What had ended before this day.
    pub before: NaiveDate,
    /// The last position that it is about.
    pub upto: i64,
    /// How many lots.
    pub lots: usize,
    /// How many bodies.
    pub events: i64,
    /// How many bytes these have.
    pub bytes: u64,
    /// The position of each lot's last event, whose body stays: it says what the lot is now.
    ended: HashMap<i64, i64>,
    /// The last event of each entry of the calendar, and the last position of all that may go.
    calendar: HashMap<String, i64>,
    cut: i64,
}

/// The last event of a lot.
#[derive(Debug, Clone, Copy)]
struct Last {
    position: i64,
    at: Timestamp,
}

impl Plan {
    /// What of `store` had ended before `before`, as far as every webhook was told of it: up to `told`.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn of(store: &dyn Store, before: NaiveDate, told: i64) -> Result<Self, StoreError> {
        let zone = settings_zone(store).await?;
        let midnight = before.and_time(chrono::NaiveTime::MIN);
        let ends = zone.from_local_datetime(&midnight).earliest();
        let ends = ends.map_or_else(|| midnight.and_utc(), |ends| ends.to_utc());
        let closed = lines_that_ended(store).await?;
        let mut lots: HashMap<i64, Last> = HashMap::new();
        let (mut calendar, mut cut, mut position) = (HashMap::new(), 0, 0);
        loop {
            let page = store.events_after(position, PAGE).await?;
            let Some(last) = page.last() else { break };
            position = last.position;
            for event in page {
                let Event { position, at, subject, .. } = event;
                if let Ok(lot) = subject.parse::<LotId>() {
                    lots.insert(lot.0, Last { position, at });
                } else if subject.starts_with(CALENDAR) {
                    calendar.insert(subject, position);
                }
                if at < ends && position <= told {
                    cut = position;
                }
            }
        }
        let mut lines: HashMap<i64, bool> = HashMap::new();
        for (lot, last) in &lots {
            let line = LotId(*lot).line().0;
            let is_over =
                closed.get(&line) == Some(&true) && last.at < ends && last.position <= told;
            *lines.entry(line).or_insert(true) &= is_over;
        }
        lots.retain(|lot, _| lines[&LotId(*lot).line().0]);
        let ended: HashMap<i64, i64> =
            lots.into_iter().map(|(lot, last)| (lot, last.position)).collect();
        let upto = ended.values().copied().max().unwrap_or(0);
        let (lots, events, bytes) = (ended.len(), 0, 0);
        let mut plan = Self { before, upto, lots, events, bytes, ended, calendar, cut };
        plan.count(store).await?;
        Ok(plan)
    }

    async fn count(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let (mut position, mut lots) = (0, std::collections::HashSet::new());
        loop {
            let page = store.events_after(position, PAGE).await?;
            let Some(last) = page.last() else { break };
            position = last.position;
            for event in page {
                if !self.takes(&event) {
                    continue;
                }
                self.events += 1;
                self.bytes += event.body.len() as u64;
                self.upto = self.upto.max(event.position);
                if event.subject.starts_with("LOT-") {
                    lots.insert(event.subject);
                }
            }
        }
        self.lots = lots.len();
        Ok(())
    }

    /// Whether the body of `event` goes.
    #[must_use]
    pub fn takes(&self, event: &Event) -> bool {
        if archived(&event.body).is_some() {
            return false;
        }
        if let Ok(lot) = event.subject.parse::<LotId>() {
            // One that was opened again meanwhile has events behind that one.
            return self.ended.get(&lot.0).is_some_and(|last| event.position < *last);
        }
        event.position <= self.cut
            && self.calendar.get(&event.subject).is_some_and(|last| event.position < *last)
    }
}

/// The zone of the coalition.
async fn settings_zone(store: &dyn Store) -> Result<chrono_tz::Tz, StoreError> {
    let mut coalition = crate::domain::coalition::Coalition::default();
    for record in store.records(RecordKind::Setting).await? {
        crate::store::reference::add(&mut coalition, RecordKind::Setting, &record)?;
    }
    Ok(coalition.zone())
}

/// For each line whether all of its lots have ended.
async fn lines_that_ended(store: &dyn Store) -> Result<BTreeMap<i64, bool>, StoreError> {
    let (mut lines, mut after) = (BTreeMap::new(), None);
    loop {
        let filter = LotFilter { after, limit: PAGE, ..LotFilter::default() };
        let page = store.lots(&filter).await?;
        let Some(last) = page.last() else { return Ok(lines) };
        after = Some(last.id);
        for lot in page {
            let is_closed = matches!(lot.state(), LotState::Closed(_));
            *lines.entry(lot.line().0).or_insert(true) &= is_closed;
        }
    }
}
