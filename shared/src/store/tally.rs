//! Counts of lots by state and hour, maintained as lots move, so that nobody has to count a million rows. Times are
//! rounded down to the hour, and are not kept for lots that have ended.

use std::collections::BTreeMap;

use super::{LotChange, LotIndex};
use crate::domain::lot::{Lot, LotState, Timestamp};

/// The precision of times, in seconds.
const EXACT: i64 = 3600;

/// A group of lots that are counted together. Absent parts are empty strings.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) step: String,
    pub(super) state: String,
    pub(super) awaits: String,
    /// Seconds since 1970 UTC; 0 if not known.
    pub(super) since: i64,
}

impl Place {
    pub(super) fn of(lot: &Lot) -> Self {
        let LotIndex { state, step, awaits, .. } = LotIndex::of(lot);
        let (step, awaits) = (step.unwrap_or_default(), awaits.unwrap_or_default());
        let has_ended = matches!(lot.state(), LotState::Closed(_));
        let since = lot.since.filter(|_| !has_ended).map_or(0, hour);
        Self { step, state, awaits, since }
    }
}

fn hour(at: Timestamp) -> i64 {
    at.timestamp().div_euclid(EXACT) * EXACT
}

/// The time of a tally; `None` if not known.
pub(crate) fn moment(since: i64) -> Option<Timestamp> {
    Timestamp::from_timestamp(since, 0).filter(|_| since != 0)
}

/// The hour in which a lot entered its state.
pub(crate) fn oldest(lot: &Lot) -> Option<Timestamp> {
    moment(Place::of(lot).since)
}

/// By how much `changes` raise or lower each count.
pub(super) fn moves<'a>(changes: impl IntoIterator<Item = &'a LotChange>) -> Vec<(Place, i64)> {
    let mut moves: BTreeMap<Place, i64> = BTreeMap::new();
    for change in changes {
        if let Some(before) = &change.before {
            *moves.entry(Place::of(before)).or_default() -= 1;
        }
        *moves.entry(Place::of(&change.after)).or_default() += 1;
    }
    moves.into_iter().filter(|(_, lots)| *lots != 0).collect()
}
