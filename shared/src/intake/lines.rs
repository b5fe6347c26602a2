//! Submits lines. New lines get a lot. Known lines are compared with what was stated before and with their present
//! values. Changed lines are amended.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use chrono::SubsecRound as _;
use serde::{Deserialize, Serialize};

use super::amendment::{Amending, CannotAmend, amend, difference, people};
use super::file::{self, Became, FileTaken, RowTaken};
use super::merge::{author, merge};
use super::outcome::{
    Amended, Conflict, Contested, Differs, Earlier, Gone, Intake, RefusedRow, Submitted, Wrongly,
};
use super::pending::{Pending, PendingState, round};
use crate::domain::coalition::Coalition;
use crate::domain::ids::{LineId, LotId, is_given_here};
use crate::domain::kinds::{LotEvent, RecordEvent, RecordKind};
use crate::domain::lot::{Lot, LotState};
use crate::domain::reference::unknown_references;
use crate::domain::requisition::Line;
use crate::dump::restores;
use crate::engine::Engine;
use crate::store::body::write;
use crate::store::{ChangeSet, Fate, LineChange, LotChange, RecordChange, StoreError, StoredLine};
use crate::twins::forsaken;

/// After how many conflicts with other writers intake gives up.
const CONFLICTS: u32 = 50;

/// The most lines gone from a file that are named.
const NAMED: usize = 200;

/// Why lines could not be imported. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    #[error("the lines could not be stored")]
    Store(#[from] StoreError),
    /// The change would break a rule of the ledgers.
    #[error("{0}")]
    Refused(String),
    /// Other writers kept changing the same lines.
    #[error("other requests keep changing the same lines; try again")]
    Conflict,
}

/// How lines arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// In a file. What became of each row is stored.
    File,
    /// In a file that was planned for this day. Nobody is present to answer, so a wrong row is reported to its
    /// requester, and changes by commands stay until somebody decides.
    Plan,
    Api,
}

/// Options of a submission.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct How {
    /// Whether to change nothing and only report what would happen.
    pub dry_run: bool,
    /// Whether to accept the good rows when others are refused.
    pub keep_good: bool,
    /// Whether to import a file as new that was imported before.
    pub as_new: bool,
    /// Lines that keep the changes of commands, by their requesters' ids.
    pub ours: Vec<String>,
    /// Lines that take the changes of the file, by their requesters' ids.
    pub theirs: Vec<String>,
}

impl How {
    /// Everything or nothing.
    pub const WHOLE: &'static Self = &Self {
        dry_run: false,
        keep_good: false,
        as_new: false,
        ours: Vec::new(),
        theirs: Vec::new(),
    };

    /// Whether `names` contains the line, by its key, its external id or its own id.
    fn names(names: &[String], line: &Line, id: LineId) -> bool {
        let whole = line.key();
        let own = id.to_string();
        names.iter().any(|name| *name == line.external_id || *name == whole || *name == own)
    }
}

/// The origin of lines, and limits on what they may do.
#[derive(Debug, Clone, Copy)]
pub struct Handing<'a> {
    pub actor: &'a str,
    /// The name of the file, or of what stands for it.
    pub file: &'a str,
    pub by: By,
    /// If set, only lines of this requester may be submitted or amended.
    pub owner: Option<&'a str>,
    pub how: &'a How,
    /// What lines may refer to, if that is more than the stored coalition.
    pub coalition: Option<&'a Coalition>,
    /// Rows of the file that are not lines. They are stored as left out.
    pub left_out: &'a [RefusedRow],
}

impl<'a> Handing<'a> {
    /// A file with lines of any requester.
    #[must_use]
    pub fn file(actor: &'a str, file: &'a str, how: &'a How) -> Self {
        Self { actor, file, by: By::File, owner: None, how, coalition: None, left_out: &[] }
    }

    #[must_use]
    pub fn plan(actor: &'a str, file: &'a str) -> Self {
        Self { by: By::Plan, ..Self::file(actor, file, How::WHOLE) }
    }
}

/// Submits `lines`, all or nothing unless `how` says otherwise. Submitting the same lines again changes nothing.
///
/// # Errors
/// [`IntakeError`]; then nothing was changed.
pub async fn submit(
    engine: &Engine,
    handing: Handing<'_>,
    lines: &[Submitted],
) -> Result<Intake, IntakeError> {
    submit_beside(engine, handing, lines, None).await
}

/// Does the same as [`submit`], in one change set with the changes in `beside`.
///
/// # Errors
/// [`IntakeError`]; then nothing was changed.
pub async fn submit_beside(
    engine: &Engine,
    handing: Handing<'_>,
    lines: &[Submitted],
    beside: Option<&ChangeSet>,
) -> Result<Intake, IntakeError> {
    let ids: Vec<&str> = lines.iter().map(|s| s.line.external_id.as_str()).collect();
    let _turn = engine.turns.take(&ids).await;
    for attempt in 0..CONFLICTS {
        if attempt > 0 {
            // Other processes submit lines too. The delay differs between them, so that they do not collide again.
            let spread = u64::from(std::process::id()).wrapping_mul(7919 * u64::from(attempt)) % 20;
            tokio::time::sleep(Duration::from_millis(spread)).await;
        }
        let (mut intake, change_set) = decide(engine, handing, lines, &ids).await?;
        let is_kept = intake.is_disputed() && !handing.how.keep_good;
        if handing.how.dry_run || is_kept || intake.earlier.is_some() {
            return Ok(intake);
        }
        intake.taken = true;
        let both = match (beside.cloned(), change_set) {
            (Some(beside), Some(change_set)) => Some(beside.with(change_set)),
            (beside, change_set) => beside.or(change_set),
        };
        let Some(change_set) = both else { return Ok(intake) };
        match engine.commit(vec![change_set], None).await?.into_iter().next() {
            None | Some(Fate::Committed) => return Ok(intake),
            Some(Fate::Stale { .. }) => {}
            Some(Fate::Refused { rule }) => return Err(IntakeError::Refused(rule)),
        }
    }
    Err(IntakeError::Conflict)
}

/// The fields of a line that `actor` would change by stating `line`. Empty if the line is the same already.
///
/// # Errors
/// [`IntakeError`] if the stored line cannot be read.
pub async fn amendment(
    engine: &Engine,
    actor: &str,
    id: LineId,
    stored: &StoredLine,
    line: &Line,
) -> Result<Option<ChangeSet>, IntakeError> {
    let changes = difference(&stored.line, line);
    if changes.is_empty() {
        return Ok(None);
    }
    let mut change_set = ChangeSet::new(actor, engine.clock.now());
    let amended = amended(0, id, line, changes);
    let amend = Amend { id, stored, becomes: line.clone(), stated: None, file: "by hand" };
    let applied = apply(engine, &mut change_set, amend, amended).await?;
    applied.map_err(|error| IntakeError::Refused(format!("`{}`: {error}", line.external_id)))?;
    let back = forsaken(engine, &change_set.lots).await?;
    change_set.lots.extend(back);
    Ok(Some(change_set))
}

fn amended(row: u64, id: LineId, line: &Line, changes: Vec<super::Change>) -> Amended {
    Amended {
        row,
        requester: line.requester.clone(),
        external_id: line.external_id.clone(),
        line: id.to_string(),
        changes,
        needs_order_change: false,
        needs: Vec::new(),
    }
}

fn refused(row: u64, line: &Line, errors: Vec<Wrongly>) -> RefusedRow {
    let (requester, external_id) = (line.requester.clone(), line.external_id.clone());
    RefusedRow { row, requester, external_id, errors }
}

/// Replaces the names of renamed requesters in `lines`. `None` means that nobody was renamed.
fn renamed(coalition: &Coalition, lines: &[Submitted]) -> Option<Vec<Submitted>> {
    if coalition.renamed.is_empty() {
        return None;
    }
    let now = |submitted: &Submitted| {
        let mut submitted = submitted.clone();
        submitted.line.requester = coalition.requester(&submitted.line.requester).to_owned();
        submitted
    };
    Some(lines.iter().map(now).collect())
}

/// Known lines, by requester and external id.
type Known = HashMap<(String, String), (LineId, StoredLine)>;

/// The decisions about the rows so far.
struct Decided<'a> {
    engine: &'a Engine,
    handing: Handing<'a>,
    coalition: &'a Coalition,
    change_set: ChangeSet,
    intake: Intake,
    rows: Vec<RowTaken>,
    /// Lines of the last file of this name that are not in this one: the external id, and its requester then.
    moved: HashMap<String, String>,
    differs: Vec<Differs>,
    /// The rows that were left out when the same file was imported before. `None` means that it was not.
    left_before: Option<HashSet<u64>>,
    number: i64,
}

/// Decides how `lines` are imported. No change set means that nothing changes. New lines get numbers, which are only
/// used up once the change set is committed.
async fn decide(
    engine: &Engine,
    handing: Handing<'_>,
    lines: &[Submitted],
    ids: &[&str],
) -> Result<(Intake, Option<ChangeSet>), IntakeError> {
    let own = engine.coalition().await?;
    let renamed = renamed(&own, lines);
    let lines = renamed.as_deref().unwrap_or(lines);
    let is_file = handing.by != By::Api;
    let hash = if is_file { file::hash_of(lines)? } else { String::new() };
    let taken = if is_file { file::taken(engine, &hash).await? } else { None };
    if let Some((_, taken)) = &taken
        && file::is_as_then(engine, handing.file, &hash, taken).await?
    {
        let mut change_set = ChangeSet::new(handing.actor, engine.clock.now());
        if !handing.how.dry_run {
            file::name_it(engine, &mut change_set, &hash, handing.file.to_owned()).await?;
        }
        let intake = Intake { unchanged: lines.len(), ..Intake::default() };
        return Ok((intake, Some(change_set).filter(|change_set| !change_set.records.is_empty())));
    }
    let mut known = Known::new();
    for (id, stored) in engine.store.lines_by_external(ids).await? {
        let key = (stored.line.requester.clone(), stored.line.external_id.clone());
        known.insert(key, (id, stored));
    }
    let mut last = engine.turns.last().await;
    // A restore may have removed lines. Their numbers must not be given out again.
    let restores = restores(&*engine.store).await?;
    let given_out = restores.iter().map(|restore| restore.lines).max().unwrap_or(0);
    let number = engine.store.last_line().await?.max(*last).max(given_out);
    let mut decided = Decided {
        engine,
        handing,
        coalition: handing.coalition.unwrap_or(&own),
        change_set: ChangeSet::new(handing.actor, engine.clock.now()),
        intake: Intake::default(),
        rows: Vec::new(),
        moved: HashMap::new(),
        differs: Vec::new(),
        left_before: taken
            .as_ref()
            .map(|(_, taken)| taken.refused.iter().map(|refused| refused.row).collect()),
        number,
    };
    if handing.by == By::File {
        decided.compare_with_last(&hash, lines, &known).await?;
    }
    let mut seen: HashSet<(&str, &str)> = HashSet::with_capacity(lines.len());
    for submitted in lines {
        let line = &submitted.line;
        if !seen.insert((&line.requester, &line.external_id)) {
            continue;
        }
        let key = (line.requester.clone(), line.external_id.clone());
        match known.get(&key) {
            Some((id, stored)) => decided.known(submitted, *id, stored).await?,
            None => decided.unknown(submitted),
        }
    }
    let Decided { mut change_set, mut intake, rows, differs, number, .. } = decided;
    let back = forsaken(engine, &change_set.lots).await?;
    change_set.lots.extend(back);
    if let (Some((_, taken)), false) = (&taken, differs.is_empty()) {
        let taken = taken.taken.unwrap_or(change_set.at);
        intake = Intake { unchanged: lines.len(), ..Intake::default() };
        intake.earlier = Some(Earlier { taken, differs });
        return Ok((intake, None));
    }
    let is_taken = !handing.how.dry_run && (handing.how.keep_good || !intake.is_disputed());
    if is_taken {
        *last = number;
    }
    let changes_nothing =
        change_set.lines.is_empty() && change_set.lots.is_empty() && change_set.records.is_empty();
    if is_file && is_taken {
        if taken.is_some() && changes_nothing && !handing.how.as_new {
            file::name_it(engine, &mut change_set, &hash, handing.file.to_owned()).await?;
        } else {
            let mut left_out = handing.left_out.to_vec();
            left_out.extend(intake.refused.iter().cloned());
            left_out.extend(intake.conflicts.iter().map(Conflict::left_out));
            let file = FileTaken {
                file: handing.file.to_owned(),
                lines: rows.len(),
                taken: Some(change_set.at),
                refused: left_out,
                parts: None,
            };
            file::keep(engine, &mut change_set, &hash, file, &rows).await?;
        }
    }
    let is_empty =
        change_set.lines.is_empty() && change_set.lots.is_empty() && change_set.records.is_empty();
    Ok((intake, Some(change_set).filter(|_| !is_empty)))
}

impl Decided<'_> {
    /// Finds the lines that the last file of this name had and this one does not, and the ids that now belong to
    /// another requester.
    async fn compare_with_last(
        &mut self,
        hash: &str,
        lines: &[Submitted],
        known: &Known,
    ) -> Result<(), StoreError> {
        let mut last = file::lines_of_last(self.engine, self.handing.file, hash).await?;
        let key = |line: &Line| (line.requester.clone(), line.external_id.clone());
        let found = lines.iter().filter_map(|submitted| known.get(&key(&submitted.line)));
        let here: HashSet<LineId> = found.map(|(id, _)| *id).collect();
        last.retain(|id| !here.contains(id));
        last.sort_unstable();
        last.dedup();
        for (id, stored) in self.engine.store.lines(&last).await? {
            let line = &stored.line;
            self.moved.insert(line.external_id.clone(), line.requester.clone());
            if self.intake.gone.len() == NAMED {
                continue;
            }
            let lots = self.engine.store.lots_of_line(id).await?;
            let open = lots.iter().filter(|lot| !matches!(lot.state(), LotState::Closed(_)));
            let open: Vec<String> = open.map(|lot| lot.id.to_string()).collect();
            if !open.is_empty() {
                self.intake.gone.push(Gone {
                    requester: line.requester.clone(),
                    external_id: line.external_id.clone(),
                    line: id.to_string(),
                    open,
                });
            }
        }
        Ok(())
    }

    /// The reasons why a row cannot be accepted.
    fn faults(&self, line: &Line, is_new: bool) -> Vec<Wrongly> {
        let mut faults = Vec::new();
        let mut fault = |field: &str, value: &str, what: String, hint: String| {
            let (field, value) = (field.to_owned(), value.to_owned());
            faults.push(Wrongly { field, value, what, hint });
        };
        if self.handing.owner.is_some_and(|owner| owner != line.requester) {
            let what = "this account does not act for it".to_owned();
            fault("requester", &line.requester, what, "hand in your own lines".to_owned());
        }
        if is_new && is_given_here(&line.external_id) {
            let what = "looks like an id of a lot, a line, an order or a webhook".to_owned();
            let hint = "give it another one, such as `REQ-7`".to_owned();
            fault("external_id", &line.external_id, what, hint);
        }
        if let Some(before) = self.moved.get(&line.external_id).filter(|_| is_new) {
            let (id, now) = (&line.external_id, &line.requester);
            let what = format!(
                "the last {} says that `{id}` is {before}'s, not {now}'s",
                self.handing.file
            );
            let hint = format!(
                "give {now} a file of its own, or say that {before} is {now}: \
                 waybill member rename {before} --to {now}"
            );
            fault("requester", now, what, hint);
        }
        // Without settings no reference data is known yet, so nothing is reported as unknown.
        if self.handing.by != By::Plan && self.coalition.settings.is_some() {
            for unknown in unknown_references(self.coalition, line) {
                fault(unknown.reference.field(), &unknown.value, unknown.what, unknown.hint);
            }
        }
        faults
    }

    fn unknown(&mut self, submitted: &Submitted) {
        let line = &submitted.line;
        let faults = self.faults(line, true);
        if !faults.is_empty() {
            self.intake.refused.push(refused(submitted.row, line, faults));
            return;
        }
        self.number += 1;
        let id = LineId(self.number);
        let first = self.engine.pipeline().names().into_iter().next();
        let (Some(lot), Some(first)) = (LotId::of(id, 0), first) else { return };
        let mut lot = Lot::new(lot, line.quantity, line.priority, first);
        lot.since = Some(self.change_set.at.trunc_subsecs(0));
        lot.pipeline = self.engine.pipeline_version();
        self.change_set.lots.push(LotChange::created(lot, LotEvent::Submitted));
        self.change_set.lines.push(LineChange::created(id, line.clone()));
        self.rows.push(RowTaken(submitted.row, id, 1, Became::New));
        self.intake.new += 1;
    }

    async fn known(
        &mut self,
        submitted: &Submitted,
        id: LineId,
        stored: &StoredLine,
    ) -> Result<(), IntakeError> {
        let Submitted { row, line } = submitted;
        let taken = |became, events| RowTaken(*row, id, stored.version + events, became);
        if line == stored.stated() {
            self.rows.push(taken(Became::Equal, 0));
            self.intake.unchanged += 1;
            return Ok(());
        }
        let was_taken = self.left_before.as_ref().is_some_and(|left| !left.contains(row));
        if was_taken && !self.handing.how.as_new {
            self.differs.push(Differs {
                row: *row,
                requester: line.requester.clone(),
                external_id: line.external_id.clone(),
                line: id.to_string(),
                changes: difference(stored.stated(), line),
            });
            return Ok(());
        }
        let faults = self.faults(line, false);
        if !faults.is_empty() {
            self.intake.refused.push(refused(*row, line, faults));
            return Ok(());
        }
        let merged = merge(stored.stated(), &stored.line, line);
        let is = |names: &[String]| How::names(names, line, id);
        let how = self.handing.how;
        let (becomes, was_decided) = match merged.conflicts.is_empty() {
            true => (merged.theirs, false),
            false if is(&how.theirs) => (merged.theirs, false),
            false if is(&how.ours) => (merged.ours, true),
            false => {
                let conflict = self.conflict(submitted, id, stored, merged.conflicts).await?;
                if self.handing.by == By::Plan {
                    self.dispute(&conflict).await?;
                    self.rows.push(taken(Became::Disputed, 0));
                } else {
                    self.intake.conflicts.push(conflict);
                }
                return Ok(());
            }
        };
        let changes = difference(&stored.line, &becomes);
        if changes.is_empty() {
            let became = if was_decided { Became::Ours } else { Became::Equal };
            self.rows.push(taken(became, 1));
            self.change_set.lines.push(LineChange::stated(id, stored, becomes, line.clone()));
            self.intake.unchanged += 1;
            return Ok(());
        }
        let amended = amended(*row, id, &becomes, changes);
        let amend = Amend { id, stored, becomes, stated: Some(line), file: self.handing.file };
        let amended = match apply(self.engine, &mut self.change_set, amend, amended).await? {
            Ok(amended) => amended,
            Err(error) => {
                let wrongly = Wrongly {
                    field: "quantity".to_owned(),
                    value: line.quantity.to_string(),
                    what: error.to_string(),
                    hint: "state what is still wanted, what has come included".to_owned(),
                };
                self.intake.refused.push(refused(*row, line, vec![wrongly]));
                return Ok(());
            }
        };
        let became = match (amended.needs_order_change, was_decided) {
            (true, _) => Became::OrderChange,
            (false, true) => Became::Ours,
            (false, false) => Became::Amended,
        };
        self.rows.push(taken(became, 1));
        self.intake.amended.push(amended);
        Ok(())
    }

    /// Stores a conflict that nobody is present to decide.
    async fn dispute(&mut self, conflict: &Conflict) -> Result<(), StoreError> {
        let record = self.engine.store.record(RecordKind::LineConflict, &conflict.line).await?;
        self.change_set.records.push(RecordChange {
            kind: RecordKind::LineConflict,
            id: conflict.line.clone(),
            expected: record.map_or(0, |record| record.version),
            body: write(RecordKind::LineConflict, &conflict.line, conflict)?,
            event: RecordEvent::LineDisputed,
        });
        Ok(())
    }

    /// The fields that both sides have changed, with the authors.
    async fn conflict(
        &self,
        submitted: &Submitted,
        id: LineId,
        stored: &StoredLine,
        clashes: Vec<String>,
    ) -> Result<Conflict, StoreError> {
        let events = self.engine.store.events_of(&id.to_string()).await?;
        let before = people(stored.stated());
        let (ours, theirs) = (people(&stored.line), people(&submitted.line));
        let text = |of: &BTreeMap<String, String>, field: &str| of.get(field).cloned();
        let fields = clashes.into_iter().map(|field| Contested {
            before: text(&before, &field).unwrap_or_default(),
            ours: text(&ours, &field).unwrap_or_default(),
            ours_by: author(&events, &field).to_owned(),
            theirs: text(&theirs, &field).unwrap_or_default(),
            theirs_by: self.handing.actor.to_owned(),
            field,
        });
        Ok(Conflict {
            file: self.handing.file.to_owned(),
            row: submitted.row,
            requester: submitted.line.requester.clone(),
            external_id: submitted.line.external_id.clone(),
            line: id.to_string(),
            fields: fields.collect(),
        })
    }
}

/// A line, its new content, and the reason.
struct Amend<'a> {
    id: LineId,
    stored: &'a StoredLine,
    becomes: Line,
    /// What the requester states. `None` means that a command amends the line.
    stated: Option<&'a Line>,
    file: &'a str,
}

impl Amend<'_> {
    fn change(&self, line: Line) -> LineChange {
        match self.stated {
            Some(stated) => LineChange::stated(self.id, self.stored, line, stated.clone()),
            None => LineChange::commanded(self.id, self.stored, line),
        }
    }
}

/// Adds an amendment to `change_set`: what can be done at once, and a record of what waits for others.
async fn apply(
    engine: &Engine,
    change_set: &mut ChangeSet,
    amend_to: Amend<'_>,
    mut amended: Amended,
) -> Result<Result<Amended, CannotAmend>, StoreError> {
    let Amend { id, stored, becomes: line, .. } = &amend_to;
    let lots = engine.store.lots_of_line(*id).await?;
    let amending = match amend(engine, *id, &lots, &stored.line, line) {
        Ok(amending) => amending,
        Err(error) => return Ok(Err(error)),
    };
    let Amending { line: now, lots: changes, gives_back, mut needs } = amending;
    let (version, open) = Pending::of(engine, *id).await?;
    if let Some(open) = open.as_ref().filter(|_| now.consignee == stored.line.consignee) {
        needs.extend(open.redirects(&lots, &now));
    }
    // The stated line is stored although the line may not be so yet. If it is stated again, it counts as known.
    if now != stored.line || !changes.is_empty() || amend_to.stated.is_some() {
        change_set.lines.push(amend_to.change(now));
        change_set.lots.extend(changes);
    }
    if gives_back {
        change_set.jobs.push(round(engine));
    }
    amended.needs_order_change = !needs.is_empty();
    amended.needs.clone_from(&needs);
    if needs.is_empty() {
        if let Some(open) = open {
            change_set.records.push(open.ends(version, RecordEvent::LineAmendmentSuperseded)?);
        }
        return Ok(Ok(amended));
    }
    let pending = Pending {
        line: *id,
        external_id: line.external_id.clone(),
        requester: line.requester.clone(),
        quantity: line.quantity,
        needs,
        file: amend_to.file.to_owned(),
        state: PendingState::Open,
    };
    let is_known =
        open.is_some_and(|open| (open.quantity, &open.needs) == (pending.quantity, &pending.needs));
    if !is_known {
        change_set.records.push(pending.file(version, RecordEvent::LineOrderChangeNeeded)?);
    }
    Ok(Ok(amended))
}
