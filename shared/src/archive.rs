//! Archives: the bodies of events of lots that ended long ago are moved from the log to a file. The events themselves
//! stay, with the SHA-256 of each body. The hash chain only contains that hash, so the log verifies as before. A body
//! that is missing from the log but in no known archive is a violation.

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

/// Kind and key of the note in a copy of the database whose log has the archived bodies again.
pub const PUT_BACK: &str = "put_back";

/// Events and lots read at once.
const PAGE: i64 = 5_000;

/// The calendar's record of each entry's runs. All events of an entry except the last are archived, too.
const CALENDAR: &str = "cron:";

/// An archive, as its record in the log has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// Counts from 1.
    pub number: u32,
    /// When it was made.
    pub at: Timestamp,
    /// It contains lots that had ended before this day.
    pub before: NaiveDate,
    /// The highest position that it may contain. The feed begins after it.
    pub upto: i64,
    /// The number of bodies in it.
    pub events: i64,
    /// SHA-256 over the position and the SHA-256 of each body, in hexadecimal.
    pub digest: String,
    /// The path under which the file was written.
    pub file: String,
    /// Whether all of these bodies have been removed from the log.
    pub is_done: bool,
}

/// All archives of a log, by number.
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

/// Count and digest of several bodies.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// The number of bodies.
    pub events: i64,
    hash: Sha256,
}

impl Tally {
    /// Adds a body. Call it in the order of positions.
    pub fn add(&mut self, position: i64, sum: &[u8; 32]) {
        self.events += 1;
        self.hash.update(position.to_be_bytes());
        self.hash.update(sum);
    }

    /// The digest, as in [`Archive::digest`].
    #[must_use]
    pub fn digest(&self) -> String {
        hex(self.hash.clone())
    }
}

/// What can be archived.
#[derive(Debug)]
pub struct Plan {
    /// Lots must have ended before this day.
    pub before: NaiveDate,
    /// The highest position that is affected.
    pub upto: i64,
    pub lots: usize,
    /// The number of bodies.
    pub events: i64,
    /// The total size of the bodies, in bytes.
    pub bytes: u64,
    /// The position of each ended lot's last event. Its body stays in the log, because it is the current content of the
    /// lot.
    ended: HashMap<i64, i64>,
    /// The last event of each entry of the calendar, which stays; `cut` is the highest position that may be archived.
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
    /// What can be archived of `store`: what ended before `before`, up to the position `told` that every webhook has
    /// reached.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
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

    /// Whether the body of `event` is to be archived.
    #[must_use]
    pub fn takes(&self, event: &Event) -> bool {
        if archived(&event.body).is_some() {
            return false;
        }
        if let Ok(lot) = event.subject.parse::<LotId>() {
            // A lot that was reopened meanwhile has later events, which stay.
            return self.ended.get(&lot.0).is_some_and(|last| event.position < *last);
        }
        event.position <= self.cut
            && self.calendar.get(&event.subject).is_some_and(|last| event.position < *last)
    }
}

/// The coalition's time zone.
async fn settings_zone(store: &dyn Store) -> Result<chrono_tz::Tz, StoreError> {
    let mut coalition = crate::domain::coalition::Coalition::default();
    for record in store.records(RecordKind::Setting).await? {
        crate::store::reference::add(&mut coalition, RecordKind::Setting, &record)?;
    }
    Ok(coalition.zone())
}

/// For each line, whether all of its lots have ended.
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
