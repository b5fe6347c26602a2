//! Submitting lines: new ones get a lot, known ones are compared, changed ones amend.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::SubsecRound as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::amendment::{Amending, amend, difference};
use super::pending::{Pending, PendingState, round};
use crate::domain::amendment::Needed;
use crate::domain::ids::{LineId, LotId};
use crate::domain::lot::Lot;
use crate::domain::quantity::Quantity;
use crate::domain::requisition::Line;
use crate::engine::Engine;
use crate::store::chain::hex;
use crate::store::{Fate, LineChange, LotChange, RecordChange, StoreError, StoredLine, Unit};
use crate::twins::forsaken;

/// Conflicts with other writers after which intake gives up.
const CONFLICTS: u32 = 50;

/// A line as a file states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// Its row in the file, as its author sees it.
    pub row: u64,
    /// What it says.
    pub line: Line,
}

/// One field that an amendment changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// The field.
    pub field: String,
    /// What it was.
    pub from: String,
    /// What it becomes.
    pub to: String,
}

/// A line that a later file states differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amended {
    /// Its row.
    pub row: u64,
    /// The requester's id.
    pub external_id: String,
    /// The line.
    pub line: String,
    /// What differs.
    pub changes: Vec<Change>,
    /// Some of it needs others, such as an order change, and waits for that.
    pub needs_order_change: bool,
    /// What others have to do for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Needed>,
}

/// What became of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intake {
    /// Lines that were not known.
    pub new: usize,
    /// Lines that say what was known.
    pub unchanged: usize,
    /// Lines that say something else.
    pub amended: Vec<Amended>,
}

/// Why lines could not be taken; nothing of them was.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The store could not be read or written.
    #[error("the lines could not be stored")]
    Store(#[from] StoreError),
    /// A rule of the ledgers would be broken.
    #[error("{0}")]
    Refused(String),
    /// Other writers kept changing the same lines.
    #[error("others keep changing the same lines; try again")]
    Conflict,
}

/// The kind of record that keeps which files were taken, by what they say: an old version handed
/// in again does not undo what came after it.
const FILE: &str = "file";

struct Taken {
    hash: String,
}

impl Taken {
    fn of(lines: &[Submitted]) -> Self {
        let text = serde_json::to_vec(lines).unwrap_or_default();
        Self { hash: hex(Sha256::new().chain_update(text)) }
    }
}

/// Where lines come from, and whose they are.
#[derive(Debug, Clone, Copy)]
pub struct Handing<'a> {
    /// Who hands them in.
    pub actor: &'a str,
    /// The name of what holds them.
    pub file: &'a str,
    /// Whether that is a file, of which an old version handed in again does not undo what came after.
    pub is_file: bool,
    /// The requester whose lines alone they may be or amend; none: anybody's.
    pub owner: Option<&'a str>,
}

impl<'a> Handing<'a> {
    /// A file, of whomever.
    #[must_use]
    pub fn file(actor: &'a str, file: &'a str) -> Self {
        Self { actor, file, is_file: true, owner: None }
    }
}

/// Takes `lines`, all or nothing. The same lines again change nothing.
///
/// # Errors
/// [`IntakeError`]; then nothing was taken.
pub async fn submit(
    engine: &Engine,
    handing: Handing<'_>,
    lines: &[Submitted],
) -> Result<Intake, IntakeError> {
    let ids: Vec<&str> = lines.iter().map(|s| s.line.external_id.as_str()).collect();
    let _turn = engine.turns.take(&ids).await;
    for attempt in 0..CONFLICTS {
        if attempt > 0 {
            // Other processes hand in lines, too: they are not to meet again at once.
            let spread = u64::from(std::process::id()).wrapping_mul(7919 * u64::from(attempt)) % 20;
            tokio::time::sleep(Duration::from_millis(spread)).await;
        }
        let (intake, units) = decide(engine, handing, lines, &ids, true).await?;
        match engine.commit(units, None).await?.into_iter().next() {
            None | Some(Fate::Committed) => return Ok(intake),
            Some(Fate::Stale { .. }) => {}
            Some(Fate::Refused { rule }) => return Err(IntakeError::Refused(rule)),
        }
    }
    Err(IntakeError::Conflict)
}

/// What [`submit`] would make of `lines` as things are; nothing is taken.
///
/// # Errors
/// [`IntakeError`] if what is there cannot be read, or the lines are not the owner's.
pub async fn foresee(
    engine: &Engine,
    handing: Handing<'_>,
    lines: &[Submitted],
) -> Result<Intake, IntakeError> {
    let ids: Vec<&str> = lines.iter().map(|s| s.line.external_id.as_str()).collect();
    Ok(decide(engine, handing, lines, &ids, false).await?.0)
}

/// What `line`, stated anew by `actor`, would change; nothing: it says what is known.
///
/// # Errors
/// [`IntakeError`] if what is there cannot be read.
pub async fn amendment(
    engine: &Engine,
    actor: &str,
    line: &Line,
) -> Result<Option<Unit>, IntakeError> {
    let handing = Handing { actor, file: "by hand", is_file: false, owner: None };
    let lines = [Submitted { row: 1, line: line.clone() }];
    let (_, mut units) = decide(engine, handing, &lines, &[&line.external_id], false).await?;
    Ok(units.pop())
}

/// Refuses lines of anybody but `owner`.
fn only_own<'a>(
    owner: Option<&str>,
    mut lines: impl Iterator<Item = &'a Line>,
) -> Result<(), IntakeError> {
    match lines.find(|line| owner.is_some_and(|owner| line.requester != owner)) {
        Some(line) => {
            let rule = format!("`{}` is another requester's line", line.external_id);
            Err(IntakeError::Refused(rule))
        }
        None => Ok(()),
    }
}

/// The changes by which `lines` are taken. New lines get numbers; these are given for good where they
/// `are_taken`.
async fn decide(
    engine: &Engine,
    handing: Handing<'_>,
    lines: &[Submitted],
    ids: &[&str],
    are_taken: bool,
) -> Result<(Intake, Vec<Unit>), IntakeError> {
    let Handing { actor, file, is_file, owner } = handing;
    only_own(owner, lines.iter().map(|submitted| &submitted.line))?;
    let taken = Taken::of(lines);
    if is_file && engine.store.record(FILE, &taken.hash).await?.is_some() {
        return Ok((Intake { unchanged: lines.len(), ..Intake::default() }, Vec::new()));
    }
    let known: HashMap<String, (LineId, StoredLine)> = engine
        .store
        .lines_by_external(ids)
        .await?
        .into_iter()
        .map(|(id, stored)| (stored.line.external_id.clone(), (id, stored)))
        .collect();
    only_own(owner, known.values().map(|(_, stored)| &stored.line))?;
    let mut last = engine.turns.last().await;
    let mut number = engine.store.last_line().await?.max(*last);
    let now = engine.clock.now();
    let mut unit = Unit::new(actor, now);
    let mut intake = Intake::default();
    let mut seen: HashSet<&str> = HashSet::new();
    let steps = engine.pipeline().names();
    for submitted in lines {
        let line = &submitted.line;
        if !seen.insert(&line.external_id) {
            continue;
        }
        let Some((id, stored)) = known.get(&line.external_id) else {
            number += 1;
            let id = LineId(number);
            let (Some(lot), Some(first)) = (LotId::of(id, 0), steps.first()) else { continue };
            let mut lot = Lot::new(lot, line.quantity, line.priority, first.clone());
            lot.since = Some(engine.clock.now().trunc_subsecs(0));
            lot.pipeline = engine.pipeline_version();
            unit.lots.push(LotChange::created(lot, "lot.submitted"));
            let line = line.clone();
            unit.lines.push(LineChange { id, expected: 0, was: Quantity::ZERO, line });
            intake.new += 1;
            continue;
        };
        let changes = difference(&stored.line, line);
        if changes.is_empty() {
            intake.unchanged += 1;
            continue;
        }
        let amended = Amended {
            row: submitted.row,
            external_id: line.external_id.clone(),
            line: id.to_string(),
            changes,
            needs_order_change: false,
            needs: Vec::new(),
        };
        intake.amended.push(apply(engine, &mut unit, file, *id, stored, line, amended).await?);
    }
    if are_taken {
        *last = number;
    }
    let back = forsaken(engine, &unit.lots).await?;
    unit.lots.extend(back);
    if is_file {
        unit.records.push(RecordChange {
            kind: FILE,
            id: taken.hash,
            expected: 0,
            body: serde_json::json!({ "file": file, "lines": lines.len() }).to_string(),
            event: "file.taken",
        });
    } else if unit.lines.is_empty() && unit.records.is_empty() {
        return Ok((intake, Vec::new()));
    }
    Ok((intake, vec![unit]))
}

/// Adds an amendment to `unit`: what of it can be done at once, and what waits for others.
async fn apply(
    engine: &Engine,
    unit: &mut Unit,
    file: &str,
    id: LineId,
    stored: &StoredLine,
    line: &Line,
    mut amended: Amended,
) -> Result<Amended, IntakeError> {
    let lots = engine.store.lots_of_line(id).await?;
    let amending = amend(engine, id, &lots, &stored.line, line)
        .map_err(|error| IntakeError::Refused(format!("`{}`: {error}", line.external_id)))?;
    let Amending { line: now, lots: changes, gives_back, mut needs } = amending;
    let (version, open) = Pending::of(engine, id).await?;
    if let Some(open) = open.as_ref().filter(|_| now.consignee == stored.line.consignee) {
        needs.extend(open.redirects(&lots, &now));
    }
    if now != stored.line || !changes.is_empty() {
        let (expected, was) = (stored.version, stored.line.quantity);
        unit.lines.push(LineChange { id, expected, was, line: now });
        unit.lots.extend(changes);
    }
    if gives_back {
        unit.jobs.push(round(engine));
    }
    amended.needs_order_change = !needs.is_empty();
    amended.needs.clone_from(&needs);
    if needs.is_empty() {
        if let Some(open) = open {
            unit.records.push(open.ends(version, "line.amendment_superseded")?);
        }
        return Ok(amended);
    }
    let pending = Pending {
        line: id,
        external_id: line.external_id.clone(),
        requester: line.requester.clone(),
        quantity: line.quantity,
        needs,
        file: file.to_owned(),
        state: PendingState::Open,
    };
    let is_known =
        open.is_some_and(|open| (open.quantity, &open.needs) == (pending.quantity, &pending.needs));
    if !is_known {
        unit.records.push(pending.file(version, "line.order_change_needed")?);
    }
    Ok(amended)
}
