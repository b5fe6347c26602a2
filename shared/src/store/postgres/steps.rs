//! The short way: units that each move one lot, and nothing else, are compared and written in one
//! statement. It is most of what workers commit.

use sqlx::{PgConnection, Row};

use crate::domain::funding::movements;
use crate::store::decide::Subject;
use crate::store::tally::Place;
use crate::store::unit::Prepared;
use crate::store::{Fate, Filed, Lane, Unit};

/// Whether all of `units` can go the short way: lots that were there, each once, whose money and
/// quantity stay.
pub(super) fn are_steps(units: &[Prepared]) -> bool {
    let mut ids: Vec<i64> = units.iter().filter_map(|p| moved(&p.unit)).collect();
    ids.sort_unstable();
    ids.windows(2).all(|pair| pair[0] != pair[1]) && ids.len() == units.len()
}

/// The lot that `unit` moves, if that is all it does.
fn moved(unit: &Unit) -> Option<i64> {
    let [change] = &unit.lots[..] else { return None };
    let before = change.before.as_ref()?;
    let is_plain = unit.lines.is_empty()
        && unit.records.is_empty()
        && unit.envelopes.is_empty()
        && unit.jobs.is_empty()
        && unit.job.is_none()
        && unit.notes.is_empty()
        && unit.term.is_none();
    let mut money = std::collections::BTreeMap::new();
    movements(Some(before), &change.after, &mut money);
    (is_plain && before.quantity == change.after.quantity && money.values().all(|by| by.is_zero()))
        .then_some(change.after.id.0)
}

/// Commits `units`, see [`are_steps`].
pub(super) async fn commit(
    connection: &mut PgConnection,
    units: &[Prepared],
) -> Result<Vec<Fate>, sqlx::Error> {
    let mut order: Vec<&Prepared> = units.iter().collect();
    order.sort_unstable_by_key(|prepared| prepared.unit.lots[0].after.id);
    let mut ids = Vec::with_capacity(units.len());
    let (mut versions, mut dues, mut lanes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut classes, mut ranks) = (Vec::new(), Vec::new());
    let (mut states, mut steps, mut waits) = (Vec::new(), Vec::new(), Vec::new());
    let (mut bodies, mut times, mut actors) = (Vec::new(), Vec::new(), Vec::new());
    let (mut subjects, mut kinds) = (Vec::new(), Vec::new());
    let (mut left, mut reached) = (Vec::new(), Vec::new());
    for Prepared { unit, bodies: body } in order {
        let change = &unit.lots[0];
        let Filed { version, state, step, awaits, class, rank } = Filed::of(&change.after);
        ids.push(change.after.id.0);
        versions.push(version - 1);
        dues.push(change.due(unit.at).map(|due| due.timestamp_millis()));
        lanes.push(Lane::of(change.after.priority) as i16);
        classes.push(class as i16);
        ranks.push(rank as i32);
        states.push(state);
        steps.push(step);
        waits.push(awaits);
        bodies.push(&*body[0]);
        times.push(unit.at.timestamp_millis());
        actors.push(&*unit.actor);
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
        let id = prepared.unit.lots[0].after.id.0;
        match moved.binary_search(&id) {
            Ok(_) => Fate::Committed,
            Err(_) => Fate::Stale { subject: format!("{:?}", Subject::Lot(id)) },
        }
    };
    Ok(units.iter().map(fate).collect())
}
