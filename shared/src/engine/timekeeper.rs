//! Decides whether this process's clock can be trusted.
//!
//! What time alone decides cannot be undone: money lapses, consents expire, calendar entries run. So the clock is
//! compared with two others: the database's, if it has one, and the machine's uptime, which nobody can set. If they
//! disagree, this process does nothing until they agree again or somebody has confirmed the time
//! ([`Timekeeper::accepted`]).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::clock::Doubt;
use crate::domain::kinds::NoteKind;
use crate::domain::lot::Timestamp;
use crate::store::{NoteChange, NoteRange, Store, StoreError};

/// The key of the note in which somebody has confirmed the clock.
const ACCEPTED: &str = "accepted";

/// How far a process's clock may differ from the database's.
pub const APART: TimeDelta = TimeDelta::seconds(60);

/// How far a clock may deviate from the machine's uptime.
pub const STEP: TimeDelta = TimeDelta::hours(1);

/// How long after the last known time a clock is trusted if the machine was restarted meanwhile.
pub const GAP: TimeDelta = TimeDelta::days(30);

/// How long a confirmation of the time is valid.
const FRESH: TimeDelta = TimeDelta::hours(1);

/// How often the current time is stored.
const KEPT: TimeDelta = TimeDelta::hours(1);

/// A time that was right, and what the machine had counted then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    at: Timestamp,
    /// Milliseconds since the machine was started.
    up: i64,
}

impl Known {
    /// The difference between `now` and the time that the uptime implies.
    fn step(self, now: Known) -> TimeDelta {
        (now.at - self.at) - TimeDelta::milliseconds(now.up - self.up)
    }
}

#[derive(Debug, Default)]
struct Seen {
    /// The last trusted time of the reference: the database's clock, or else this process's.
    reference: Option<Known>,
    /// The last trusted time of this process's clock.
    own: Option<Known>,
    /// How far the clock may deviate from the uptime before the next comparison.
    bound: TimeDelta,
    /// How far this process's clock is ahead of the database's.
    offset: Option<TimeDelta>,
    doubt: Option<Doubt>,
    is_looked: bool,
    /// The time that was last stored.
    kept: Option<Known>,
}

/// Compares a process's clock with others.
#[derive(Debug)]
pub struct Timekeeper {
    boot: String,
    seen: Mutex<Seen>,
}

impl Default for Timekeeper {
    fn default() -> Self {
        Self { boot: boot(), seen: Mutex::default() }
    }
}

impl Timekeeper {
    /// Why the clock that reads `now` is not trusted; `None` if it is.
    #[must_use]
    pub fn doubt(&self, now: Timestamp) -> Option<Doubt> {
        let seen = self.seen();
        if seen.doubt.is_some() {
            return seen.doubt;
        }
        let step = seen.own?.step(Known { at: now, up: uptime() });
        (step.abs() > seen.bound).then_some(Doubt::Stepped(step))
    }

    /// How far the clock was ahead of the database's at the last comparison.
    #[must_use]
    pub fn offset(&self) -> Option<TimeDelta> {
        self.seen().offset
    }

    /// Compares the clock `now` with all others, and returns why it is not trusted.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be asked. Then the earlier result stays.
    pub async fn look(
        &self,
        store: &dyn Store,
        now: impl Fn() -> Timestamp,
    ) -> Result<Option<Doubt>, StoreError> {
        let before = now();
        let database = store.time().await?;
        let own = Known { at: now(), up: uptime() };
        // The database read its clock at some time between the two readings.
        let middle = before + (own.at - before) / 2;
        let offset = database.map(|database| middle - database);
        let reference = Known { at: own.at - offset.unwrap_or_default(), up: own.up };
        let (is_first, known) = {
            let seen = self.seen();
            (!seen.is_looked, seen.reference)
        };
        let was = match known {
            Some(known) => Was { known: Some(known), latest: None, accepted: None },
            None => self.kept(store, own.up).await?,
        };
        let mut doubt = doubt_of(offset, reference, &was);
        if doubt.is_some_and(|doubt| !matches!(doubt, Doubt::Apart(_))) {
            let accepted = match was.accepted {
                Some(accepted) => Some(accepted),
                None => self.kept(store, own.up).await?.accepted,
            };
            if accepted.is_some_and(|at| (reference.at - at).abs() <= FRESH) {
                doubt = None;
            }
        }
        let mut seen = self.seen();
        match doubt {
            None if seen.doubt.is_some() => tracing::info!("the clock is trusted again"),
            Some(doubt) if is_first || seen.doubt.is_none() => {
                tracing::error!(%doubt, mend = doubt.mend(), "no work is done until the clock is right");
            }
            _ => {}
        }
        (seen.doubt, seen.offset, seen.is_looked) = (doubt, offset, true);
        seen.bound = if database.is_some() { APART } else { STEP };
        if doubt.is_none() {
            (seen.reference, seen.own) = (Some(reference), Some(own));
        } else if seen.reference.is_none() {
            seen.reference = was.known;
        }
        Ok(doubt)
    }

    /// The notes that confirm that the time is `now`, by the database's clock if it has one. Later times that were
    /// stored are deleted, because they were wrong.
    ///
    /// # Errors
    /// [`StoreError`] if the stored times cannot be read.
    pub async fn accepted(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<Vec<NoteChange>, StoreError> {
        let note =
            |key: &str, body| NoteChange { kind: NoteKind::Clock, key: key.to_owned(), body };
        let mut notes = Vec::new();
        for (key, body) in store.notes(NoteKind::Clock, &all()).await? {
            let known = serde_json::from_str::<Known>(&body).ok();
            if known.is_some_and(|known| known.at > now) {
                notes.push(note(&key, None));
            }
        }
        let known = serde_json::to_string(&Known { at: now, up: uptime() }).ok();
        notes.retain(|other: &NoteChange| other.key != self.boot);
        notes.extend([note(ACCEPTED, Some(now.to_rfc3339())), note(&self.boot, known)]);
        Ok(notes)
    }

    /// The note that stores the current time with the next commit; `None` if it was stored recently.
    pub(crate) fn to_keep(&self) -> Option<NoteChange> {
        let mut seen = self.seen();
        let known = seen.reference.filter(|_| seen.doubt.is_none())?;
        if seen.kept.is_some_and(|kept| (known.at - kept.at).abs() < KEPT) {
            return None;
        }
        seen.kept = Some(known);
        let body = serde_json::to_string(&known).ok();
        Some(NoteChange { kind: NoteKind::Clock, key: self.boot.clone(), body })
    }

    /// Call it if the commit with the note failed, so that the next commit stores it.
    pub(crate) fn not_kept(&self) {
        self.seen().kept = None;
    }

    /// The stored times: of this machine since it was started, and of others.
    async fn kept(&self, store: &dyn Store, up: i64) -> Result<Was, StoreError> {
        let mut was = Was::default();
        for (key, body) in store.notes(NoteKind::Clock, &all()).await? {
            // A note that cannot be parsed is ignored.
            if key == ACCEPTED {
                was.accepted = body.parse().ok();
                continue;
            }
            let Ok(known) = serde_json::from_str::<Known>(&body) else { continue };
            was.latest = was.latest.max(Some(known.at));
            // With a lower uptime, this is a container or virtual machine that was restarted with the same boot id.
            if key == self.boot && !key.is_empty() && known.up <= up {
                was.known = Some(known);
            }
        }
        Ok(was)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The range of all notes of a kind.
fn all() -> NoteRange {
    let (after, before) = (String::new(), "~".to_owned());
    NoteRange { after, before, backwards: false, limit: 10_000 }
}

/// What was stored about earlier times.
#[derive(Debug, Default)]
struct Was {
    /// Of this machine since it was started.
    known: Option<Known>,
    /// The latest of all stored times.
    latest: Option<Timestamp>,
    /// When somebody confirmed the clock.
    accepted: Option<Timestamp>,
}

/// Why `now` is not trusted. `offset` is how far the clock is ahead of the database's.
fn doubt_of(offset: Option<TimeDelta>, now: Known, was: &Was) -> Option<Doubt> {
    if let Some(offset) = offset.filter(|offset| offset.abs() > APART) {
        return Some(Doubt::Apart(offset));
    }
    if let Some(known) = was.known {
        let step = known.step(now);
        return (step.abs() > STEP).then_some(Doubt::Stepped(step));
    }
    let since = now.at - was.latest?;
    if since < -APART {
        return Some(Doubt::Behind(since));
    }
    (since > GAP).then_some(Doubt::Gap(since))
}

/// The id of this start of the machine; empty if the system gives none.
fn boot() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

/// The machine's uptime in milliseconds, including time asleep. If the system does not report it, the time since the
/// first call.
fn uptime() -> i64 {
    static BEGAN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let told = std::fs::read_to_string("/proc/uptime").ok();
    let seconds = told.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    match seconds {
        Some(seconds) => (seconds * 1000.0) as i64,
        None => {
            let began = BEGAN.get_or_init(Instant::now);
            i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64, hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + TimeDelta::days(20_000 + day) + TimeDelta::hours(hours)
    }

    fn up(hours: i64) -> i64 {
        hours * 3_600_000
    }

    #[test]
    fn a_clock_is_held_against_the_count_of_its_machine() {
        let known = Known { at: at(0, 0), up: up(10) };
        let was = Was { known: Some(known), ..Was::default() };
        let doubt =
            |day, hours, count| doubt_of(None, Known { at: at(day, hours), up: up(count) }, &was);
        assert_eq!(doubt(0, 5, 15), None);
        assert_eq!(doubt(300, 0, 10 + 300 * 24), None, "however long ago");
        assert_eq!(doubt(300, 0, 10), Some(Doubt::Stepped(TimeDelta::days(300))));
        assert_eq!(doubt(0, -2, 10), Some(Doubt::Stepped(TimeDelta::hours(-2))));
    }

    #[test]
    fn after_a_start_of_the_machine_it_is_held_against_the_last_time_that_was_known() {
        let was = Was { latest: Some(at(0, 0)), ..Was::default() };
        let doubt = |day, hours| doubt_of(None, Known { at: at(day, hours), up: 0 }, &was);
        assert_eq!(doubt(29, 0), None);
        assert_eq!(doubt(31, 0), Some(Doubt::Gap(TimeDelta::days(31))));
        assert_eq!(doubt(0, -1), Some(Doubt::Behind(TimeDelta::hours(-1))));
        let nothing = Was::default();
        assert_eq!(doubt_of(None, Known { at: at(900, 0), up: 0 }, &nothing), None);
    }

    #[test]
    fn a_clock_far_from_its_database_says_which_way() {
        let now = Known { at: at(0, 0), up: 0 };
        let doubt = |offset| doubt_of(Some(offset), now, &Was::default());
        assert_eq!(doubt(TimeDelta::seconds(59)), None);
        let ahead = doubt(TimeDelta::days(300)).expect("a doubt").to_string();
        assert_eq!(ahead, "this machine's clock is 300 days ahead of the database's");
        let behind = doubt(TimeDelta::hours(-2)).expect("a doubt").to_string();
        assert_eq!(behind, "this machine's clock is 2 h behind the database's");
    }
}
