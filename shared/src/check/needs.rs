//! I13: no need is lost: no lot is carried by a lot that ended without delivery.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Check;
use crate::domain::ids::LotId;
use crate::domain::lot::{Lot, LotState, Outcome, Timestamp};
use crate::store::{Store, StoreError};

/// Lots read at once.
const READ: usize = 1000;

/// The longest chain of merges that is followed.
const FAR: usize = 1000;

/// Checks that a lot that was merged into a lot of another line leads to a lot that is open or was delivered.
pub(super) async fn merged(
    store: &dyn Store,
    check: &mut Check,
    merged: Vec<(LotId, LotId)>,
) -> Result<(), StoreError> {
    let mut known: HashMap<LotId, Lot> = HashMap::new();
    let mut wanted: BTreeSet<LotId> = merged.iter().map(|(_, into)| *into).collect();
    for _ in 0..FAR {
        let ids: Vec<i64> = wanted.iter().map(|id| id.0).collect();
        let mut next = BTreeSet::new();
        for ids in ids.chunks(READ) {
            for lot in store.lots_by_id(ids).await? {
                if let LotState::Closed(Outcome::Merged { into }) = lot.state()
                    && !known.contains_key(into)
                {
                    next.insert(*into);
                }
                known.insert(lot.id, lot);
            }
        }
        next.retain(|id| !known.contains_key(id));
        if next.is_empty() {
            break;
        }
        wanted = next;
    }
    let lines: Vec<_> = merged.iter().map(|(lot, _)| lot.line()).collect();
    let names: HashMap<_, _> = store.lines(&lines).await?.into_iter().collect();
    for (lot, into) in merged {
        let Some(detail) = lost(&known, into) else { continue };
        let name = names.get(&lot.line()).map_or_else(
            || lot.line().to_string(),
            |stored| format!("line {} ({})", stored.line.key(), lot.line()),
        );
        check.fails("I13", lot, format!("{name} was merged into {into}, which {detail}"));
    }
    Ok(())
}

/// Checks that every lot that has to run is found by the query for due lots. Otherwise nothing would ever move it.
pub(super) async fn under_way(
    store: &dyn Store,
    check: &mut Check,
    mut to_run: HashSet<LotId>,
) -> Result<(), StoreError> {
    if to_run.is_empty() {
        return Ok(());
    }
    for hint in store.due_lots(Timestamp::MAX_UTC, i64::MAX).await? {
        to_run.remove(&LotId(hint.id));
    }
    for lot in to_run {
        check.fails("I13", lot, "should run, but is never due");
    }
    Ok(())
}

/// Why nobody carries what was merged into `into`; `None` if somebody does.
fn lost(known: &HashMap<LotId, Lot>, mut into: LotId) -> Option<String> {
    for _ in 0..FAR {
        match known.get(&into).map(|lot| lot.state()) {
            None => return Some("does not exist".to_owned()),
            Some(LotState::Closed(Outcome::Merged { into: next })) => into = *next,
            Some(LotState::Closed(Outcome::Declined(decline))) => {
                return Some(format!("is declined ({}): nobody carries the need", decline.code));
            }
            Some(LotState::Closed(Outcome::Cancelled)) => {
                return Some("is cancelled: nobody carries the need".to_owned());
            }
            Some(
                LotState::Ready { .. }
                | LotState::Waiting { .. }
                | LotState::RetryAt { .. }
                | LotState::Parked { .. }
                | LotState::Closed(Outcome::Delivered | Outcome::Short),
            ) => return None,
        }
    }
    Some("was merged in a circle".to_owned())
}
