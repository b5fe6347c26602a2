//! Decides which change sets are accepted, given the current rows. Stale ones are dropped, and those that would break a
//! rule are refused. It is pure: the store reads and locks the rows first, and writes what was accepted afterwards.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{ChangeSet, EnvelopeRow, Fate, LotChange, Term};
use crate::domain::funding::movements;
use crate::domain::kinds::RecordKind;
use crate::domain::lot::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Subject {
    Lot(i64),
    Line(i64),
    Envelope(String),
    Record(RecordKind, String),
    Job(i64),
}

/// Version and last event of a subject. Jobs have no events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Head {
    /// 0 if the subject does not exist.
    pub(super) version: i64,
    /// The last event; 0 if there is none.
    pub(super) event: i64,
    /// The job's last lease; 0 if leases are not counted.
    pub(super) lease: i64,
}

/// The heads of all subjects that a commit touches.
#[derive(Debug, Default)]
pub(super) struct Heads(pub(super) HashMap<Subject, Head>);

impl Heads {
    pub(super) fn get(&self, subject: &Subject) -> Head {
        self.0.get(subject).copied().unwrap_or_default()
    }

    pub(super) fn put(&mut self, subject: Subject, head: Head) {
        self.0.insert(subject, head);
    }

    fn raise(&mut self, subject: Subject, version: i64) {
        self.0.entry(subject).or_default().version = version;
    }

    /// Sets the last event of `subject`, and returns the previous one.
    pub(super) fn follow(&mut self, subject: Subject, event: i64) -> i64 {
        std::mem::replace(&mut self.0.entry(subject).or_default().event, event)
    }
}

/// An envelope whose ceiling a change set changed. It becomes an event.
#[derive(Debug)]
pub(super) struct CeilingChange {
    pub(super) actor: String,
    pub(super) at: Timestamp,
    pub(super) row: EnvelopeRow,
}

/// The rows while change sets are accepted one after the other.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) heads: Heads,
    pub(super) envelopes: BTreeMap<String, EnvelopeRow>,
    pub(super) told: Vec<CeilingChange>,
    /// The current term, read only if a change set requires one.
    pub(super) term: Option<Term>,
}

impl State {
    /// Applies `change_set` on top of those accepted before it, if that is possible.
    pub(super) fn accept(&mut self, change_set: &ChangeSet) -> Fate {
        if change_set.term.is_some() && change_set.term != self.term {
            return Fate::Stale { subject: "the leader's term".to_owned() };
        }
        let guards = guards(change_set);
        let mut seen = HashSet::with_capacity(guards.len());
        if let Some((twice, _)) = guards.iter().find(|(subject, _)| !seen.insert(subject)) {
            return Fate::Refused {
                rule: format!("I7: {twice:?} would be changed twice in one change set"),
            };
        }
        for (subject, expected) in &guards {
            let found = self.heads.get(subject);
            // A job that was requested again while it ran is not stale. It stays and runs once more.
            let is_bumped_job = matches!(subject, Subject::Job(_)) && found.version > *expected;
            if found.version != *expected && !is_bumped_job {
                return Fate::Stale { subject: format!("{subject:?}") };
            }
        }
        if let Some(job) = &change_set.job {
            let subject = Subject::Job(job.id);
            if self.heads.get(&subject).lease != job.lease {
                return Fate::Stale { subject: format!("{subject:?}, taken by another worker") };
            }
        }
        let envelopes = match self.balanced(change_set) {
            Ok(envelopes) => envelopes,
            Err(rule) => return Fate::Refused { rule },
        };
        for (id, row) in envelopes {
            if change_set.envelopes.iter().any(|change| change.id == id) {
                let (actor, row) = (change_set.actor.clone(), row.clone());
                self.told.push(CeilingChange { actor, at: change_set.at, row });
            }
            self.envelopes.insert(id, row);
        }
        for (subject, expected) in guards {
            match subject {
                Subject::Job(_) => self.heads.raise(subject, 0),
                Subject::Lot(_) | Subject::Line(_) | Subject::Envelope(_) | Subject::Record(..) => {
                    self.heads.raise(subject, expected + 1)
                }
            }
        }
        Fate::Committed
    }

    /// The envelopes after `change_set`. Fails if the lots of a line would no longer add up (I1) or an envelope would
    /// be exceeded (I2).
    fn balanced(&self, change_set: &ChangeSet) -> Result<Vec<(String, EnvelopeRow)>, String> {
        let mut quantities: BTreeMap<i64, i64> = BTreeMap::new();
        let mut moved = BTreeMap::new();
        for change in &change_set.lots {
            movements(change.before.as_ref(), &change.after, &mut moved);
            let entry = quantities.entry(change.after.line().0).or_default();
            *entry += change.after.quantity.0;
            *entry -= change.before.as_ref().map_or(0, |lot| lot.quantity.0);
        }
        for change in &change_set.lines {
            let entry = quantities.entry(change.id.0).or_default();
            *entry -= change.line.quantity.0 - change.was.0;
        }
        if let Some((line, by)) = quantities.iter().find(|(_, by)| **by != 0) {
            return Err(format!(
                "I1: the lots of line {line} would differ from its quantity by {by} thousandths"
            ));
        }
        let mut rows: BTreeMap<String, EnvelopeRow> = BTreeMap::new();
        let row = |rows: &mut BTreeMap<String, EnvelopeRow>, id: &str| {
            rows.get(id).or_else(|| self.envelopes.get(id)).cloned()
        };
        for change in &change_set.envelopes {
            let mut envelope = row(&mut rows, &change.id).unwrap_or_else(|| EnvelopeRow {
                id: change.id.clone(),
                currency: change.currency.clone(),
                version: 0,
                committed: 0,
                opened: 0,
                allocated: 0,
                obligated: 0,
                disbursed: 0,
                expired: 0,
                overrun: 0,
            });
            if envelope.currency != change.currency {
                let EnvelopeRow { id, currency, .. } = &envelope;
                return Err(format!(
                    "I2: envelope `{id}` is in {currency}, not {}",
                    change.currency
                ));
            }
            envelope.committed += change.committed;
            envelope.opened += change.opened;
            envelope.expired += change.expired;
            envelope.version += 1;
            rows.insert(change.id.clone(), envelope);
        }
        for (id, by) in moved.iter().filter(|(_, by)| !by.is_zero()) {
            let mut envelope =
                row(&mut rows, id).ok_or_else(|| format!("I2: there is no envelope `{id}`"))?;
            envelope.allocated += by.allocated;
            envelope.obligated += by.obligated;
            envelope.disbursed += by.disbursed;
            rows.insert(id.clone(), envelope);
        }
        for row in rows.values_mut() {
            let over = (row.used() - row.opened).max(0);
            if change_set.is_outside_fact || over < row.overrun {
                row.overrun = over;
            }
        }
        match rows.values().find(|row| !row.holds()) {
            Some(row) => Err(format!("I2: envelope `{}` would be exceeded", row.id)),
            None => Ok(rows.into_iter().collect()),
        }
    }
}

/// Ids of the envelopes whose money or ceiling `change_sets` change.
pub(super) fn touched_envelopes(change_sets: &[&ChangeSet]) -> Vec<String> {
    let shares = |change: &LotChange| {
        let before = change.before.iter().flat_map(|lot| &lot.funding);
        before.chain(&change.after.funding).map(|s| s.envelope.clone()).collect::<Vec<_>>()
    };
    let mut ids: Vec<String> = change_sets.iter().flat_map(|u| &u.lots).flat_map(shares).collect();
    ids.extend(change_sets.iter().flat_map(|u| &u.envelopes).map(|e| e.id.clone()));
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn guards(change_set: &ChangeSet) -> Vec<(Subject, i64)> {
    let mut guards: Vec<(Subject, i64)> = Vec::with_capacity(change_set.lots.len());
    for change in &change_set.lots {
        let version = change.before.as_ref().map_or(0, |lot| lot.version);
        guards.push((Subject::Lot(change.after.id.0), version));
    }
    guards.extend(change_set.lines.iter().map(|c| (Subject::Line(c.id.0), c.expected)));
    guards
        .extend(change_set.envelopes.iter().map(|c| (Subject::Envelope(c.id.clone()), c.expected)));
    guards.extend(
        change_set.records.iter().map(|c| (Subject::Record(c.kind, c.id.clone()), c.expected)),
    );
    guards.extend(change_set.job.iter().map(|job| (Subject::Job(job.id), job.expected)));
    guards
}
