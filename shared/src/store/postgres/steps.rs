//! The short way: change sets that each only move one lot are compared and written in one statement. Most commits of
//! workers are of this kind.

use sqlx::{PgConnection, Row};

use crate::domain::funding::movements;
use crate::store::change_set::Prepared;
use crate::store::decide::Subject;
use crate::store::tally::Place;
use crate::store::{ChangeSet, Fate, Lane, LotIndex};

/// Whether all `change_sets` can go the short way: each moves an existing lot, no lot appears twice, and money and
/// quantity stay the same.
pub(super) fn are_steps(change_sets: &[Prepared]) -> bool {
    let mut ids: Vec<i64> = change_sets.iter().filter_map(|p| moved(&p.change_set)).collect();
    ids.sort_unstable();
    ids.windows(2).all(|pair| pair[0] != pair[1]) && ids.len() == change_sets.len()
}

/// The lot that `change_set` moves, if it does nothing else.
fn moved(change_set: &ChangeSet) -> Option<i64> {
    let [change] = &change_set.lots[..] else { return None };
    let before = change.before.as_ref()?;
    let is_plain = change_set.lines.is_empty()
        && change_set.records.is_empty()
        && change_set.envelopes.is_empty()
        && change_set.jobs.is_empty()
        && change_set.job.is_none()
        && change_set.notes.is_empty()
        && change_set.term.is_none();
    let mut money = std::collections::BTreeMap::new();
    movements(Some(before), &change.after, &mut money);
    (is_plain && before.quantity == change.after.quantity && money.values().all(|by| by.is_zero()))
        .then_some(change.after.id.0)
}

/// Commits `change_sets` for which [`are_steps`] holds.
pub(super) async fn commit(
    connection: &mut PgConnection,
    change_sets: &[Prepared],
) -> Result<Vec<Fate>, sqlx::Error> {
    let mut order: Vec<&Prepared> = change_sets.iter().collect();
    order.sort_unstable_by_key(|prepared| prepared.change_set.lots[0].after.id);
    let mut ids = Vec::with_capacity(change_sets.len());
    let (mut versions, mut dues, mut lanes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut classes, mut ranks) = (Vec::new(), Vec::new());
    let (mut states, mut steps, mut waits) = (Vec::new(), Vec::new(), Vec::new());
    let (mut bodies, mut times, mut actors) = (Vec::new(), Vec::new(), Vec::new());
    let (mut subjects, mut kinds) = (Vec::new(), Vec::new());
    let (mut left, mut reached) = (Vec::new(), Vec::new());
    for Prepared { change_set, bodies: body } in order {
        let change = &change_set.lots[0];
        let LotIndex { version, state, step, awaits, class, rank } = LotIndex::of(&change.after);
        ids.push(change.after.id.0);
        versions.push(version - 1);
        dues.push(change.due(change_set.at).map(|due| due.timestamp_millis()));
        lanes.push(Lane::of(change.after.priority) as i16);
        classes.push(class as i16);
        ranks.push(rank as i32);
        states.push(state);
        steps.push(step);
        waits.push(awaits);
        bodies.push(&*body[0]);
        times.push(change_set.at.timestamp_millis());
        actors.push(&*change_set.actor);
        subjects.push(change.after.id.to_string());
        kinds.push(change.kind.name());
        left.push(change.before.as_ref().map(Place::of).unwrap_or_default());
        reached.push(Place::of(&change.after).since);
    }
    let was = |part: fn(&Place) -> &str| left.iter().map(part).collect::<Vec<_>>();
    let row = sqlx::query(include_str!("sql/step_lots.sql"))
        .bind(ids)
        .bind(versions)
        .bind(dues)
        .bind(classes)
        .bind(ranks)
        .bind(states)
        .bind(steps)
        .bind(waits)
        .bind(bodies)
        .bind(times)
        .bind(actors)
        .bind(subjects)
        .bind(kinds)
        .bind(lanes)
        .bind(was(|place| &place.step))
        .bind(was(|place| &place.state))
        .bind(was(|place| &place.awaits))
        .bind(left.iter().map(|place| place.since).collect::<Vec<_>>())
        .bind(reached)
        .fetch_one(connection)
        .await?;
    let mut moved: Vec<i64> = row.get(0);
    moved.sort_unstable();
    let fate = |prepared: &Prepared| {
        let id = prepared.change_set.lots[0].after.id.0;
        match moved.binary_search(&id) {
            Ok(_) => Fate::Committed,
            Err(_) => Fate::Stale { subject: format!("{:?}", Subject::Lot(id)) },
        }
    };
    Ok(change_sets.iter().map(fate).collect())
}
