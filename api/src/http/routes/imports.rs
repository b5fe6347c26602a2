//! Routes for the command line. Their bodies are types of this program, not a public format.

use std::collections::{HashMap, HashSet};

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use waybill_scheduler::intake::{plan_contributions, plan_requisition};
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::rules::check_new;
use waybill_shared::engine::Engine;
use waybill_shared::import::{CoalitionFiles, ReadLimits, check_line};
use waybill_shared::intake::{
    Amended, Expected, Handing, How, Intake, Loaded, RefusedRow, Submitted, imported_by, prepare,
    submit, submit_beside,
};
use waybill_shared::store::{ChangeSet, Fate};
use waybill_workers::healed;
use waybill_workers::steps::validate_priority;

use crate::http::access::Caller;
use crate::http::problem::{Problem, Wrong};
use crate::http::problem_kind::ProblemKind;
use crate::http::request::Body;
use crate::http::state::Api;
use crate::queries::reports::run::{Report, build};

/// The lines of a file of requisitions.
#[derive(Debug, Serialize, Deserialize)]
pub struct ImportLines {
    pub file: String,
    pub lines: Vec<Submitted>,
    /// The day on which the lines are submitted. `None` means now.
    #[serde(default)]
    pub on: Option<chrono::NaiveDate>,
    #[serde(default)]
    pub how: How,
    /// Rows of the file that are not valid lines, if the file is accepted without them.
    #[serde(default)]
    pub left_out: Vec<RefusedRow>,
}

/// The content of a coalition's folder.
#[derive(Debug, Serialize, Deserialize)]
pub struct ImportCoalition {
    /// Everything except the requisitions.
    pub files: CoalitionFiles,
    pub requisitions: Vec<ImportLines>,
    #[serde(default)]
    pub how: How,
}

/// The result for one file of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileIntake {
    pub file: String,
    /// The day that the file waits for. `None` means that its lines were submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<chrono::NaiveDate>,
    /// The number of lines or contributions in the file.
    pub rows: usize,
    pub intake: Intake,
}

/// The result for a folder, or what it would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoalitionIntake {
    pub taken: bool,
    /// Lines that were not known, in all files.
    pub new: usize,
    /// The number of lines whose content is already known.
    pub unchanged: usize,
    /// Lines whose content changes.
    pub amended: Vec<Amended>,
    /// The number of wrong rows.
    pub refused: usize,
    /// Lines that were declined or sent back, and would pass now. Each has the name that `reopen` accepts, and the
    /// reason that was given at the time.
    pub healed: Vec<(String, String)>,
    /// Everything except the requisitions.
    pub loaded: Loaded,
    /// The files of requisitions, and those of contributions that wait for their day.
    pub files: Vec<FileIntake>,
}

fn actor(caller: &Caller) -> String {
    match caller {
        Caller::Local => imported_by(None),
        Caller::Account(account) => imported_by(Some(&account.actor())),
    }
}

/// Refuses more lines than may be sent over the network at once. On this machine there is no limit.
fn few(caller: &Caller, lines: usize) -> Result<(), Problem> {
    let most = ReadLimits::SENT.rows;
    if lines <= most || *caller == Caller::Local {
        return Ok(());
    }
    let detail =
        format!("the request has {lines} lines, but at most {most} are accepted in one request");
    Err(Problem::new(
        ProblemKind::TooLarge,
        detail,
        "send them in parts, or import them on the service's own machine",
    ))
}

/// Applies the checks that a file would go through, whoever has parsed the lines. Content that a known line already had
/// is not checked again.
async fn check_lines(engine: &Engine, lines: &[Submitted]) -> Result<(), Problem> {
    let wrong: Vec<&Submitted> =
        lines.iter().filter(|submitted| check_line(&submitted.line, None).is_err()).collect();
    let ids: Vec<&str> = wrong.iter().map(|submitted| &*submitted.line.external_id).collect();
    let known = engine.store.lines_by_external(&ids).await?;
    let known: HashMap<String, &Line> =
        known.iter().map(|(_, stored)| (stored.line.key(), &stored.line)).collect();
    let mut errors = Vec::new();
    for Submitted { row, line, .. } in wrong {
        let Err(found) = check_line(line, known.get(&line.key()).copied()) else { continue };
        errors.extend(found.iter().map(|found| Wrong { row: Some(*row), ..found.into() }));
        if errors.len() > ReadLimits::SENT.told {
            break;
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    let detail = "lines are wrong; nothing was taken";
    Err(Problem::new(ProblemKind::Refused, detail, "correct them and send them again").with(errors))
}

/// Passes on a check's result, naming `id` in its error. A new id is checked as well.
fn named(
    id: &str,
    is_known: bool,
    checked: Result<(), waybill_shared::domain::rules::Wrong>,
) -> Result<(), Problem> {
    if !is_known {
        check_new(id)?;
    }
    checked.map_err(|wrong| {
        let what = format!("of `{id}`: {}", wrong.what);
        Problem::field(wrong.field, what, wrong.hint)
    })
}

pub(super) async fn report(State(api): State<Api>) -> Result<Json<Report>, Problem> {
    Ok(Json(build(&api.engine, 0.0).await?))
}

pub(super) async fn lines(
    State(api): State<Api>,
    caller: Caller,
    Body(body): Body<ImportLines>,
) -> Result<Json<Intake>, Problem> {
    few(&caller, body.lines.len())?;
    check_lines(&api.engine, &body.lines).await?;
    let actor = actor(&caller);
    let handing = Handing::file(&actor, &body.file, &body.how);
    let handing = Handing { left_out: &body.left_out, ..handing };
    let coalition = api.engine.coalition().await?;
    let expected = expected(&api.engine, &coalition, &body.lines).await?;
    let intake = submit(&api.engine, handing, &body.lines).await?;
    Ok(Json(with(intake, expected)))
}

/// The largest number of new lines for which the answer says what validation would say.
const FORESEEN: usize = 5000;

/// The indices of lines that are not known. Empty if there are too many lines.
async fn unknown(engine: &Engine, lines: &[Submitted]) -> Result<Vec<usize>, Problem> {
    if lines.len() > FORESEEN {
        return Ok(Vec::new());
    }
    let ids: Vec<&str> = lines.iter().map(|row| &*row.line.external_id).collect();
    let known = engine.store.lines_by_external(&ids).await?;
    let known: HashSet<String> = known.iter().map(|(_, stored)| stored.line.key()).collect();
    let is_known = |row: &Submitted| known.contains(&row.line.key());
    let places = lines.iter().enumerate().filter(|(_, row)| !is_known(row));
    Ok(places.map(|(place, _)| place).collect())
}

/// What validation would say of new lines, before they are stored.
async fn expected(
    engine: &Engine,
    coalition: &Coalition,
    lines: &[Submitted],
) -> Result<Vec<Expected>, Problem> {
    let new = unknown(engine, lines).await?;
    let rows: Vec<&Submitted> = new.iter().map(|at| &lines[*at]).collect();
    let asked: Vec<_> = rows.iter().map(|row| &row.line).collect();
    let said = validate_priority::foresee(engine, coalition, &asked).await?;
    let expected = rows.iter().zip(said).filter_map(|(row, text)| {
        let external_id = row.line.external_id.clone();
        Some(Expected { row: row.row, external_id, text: text? })
    });
    Ok(expected.collect())
}

/// Adds to a file's result what validation would say of the rows that are not refused.
fn with(mut intake: Intake, mut expected: Vec<Expected>) -> Intake {
    expected.retain(|row| !intake.refused.iter().any(|refused| refused.row == row.row));
    intake.expected = expected;
    intake
}

pub(super) async fn coalition(
    State(api): State<Api>,
    caller: Caller,
    Body(body): Body<ImportCoalition>,
) -> Result<Json<CoalitionIntake>, Problem> {
    let (engine, actor) = (&api.engine, actor(&caller));
    let ImportCoalition { files, requisitions, how } = &body;
    let known = engine.coalition().await?;
    few(&caller, requisitions.iter().map(|file| file.lines.len()).sum())?;
    for file in requisitions {
        check_lines(engine, &file.lines).await?;
    }
    let later = files.later_contributions.iter().flat_map(|(_, _, read)| read);
    for contribution in files.contributions.iter().chain(later) {
        let is_known = known.contributions.contains_key(&contribution.id);
        named(&contribution.id, is_known, contribution.check())?;
    }
    for party in &files.parties {
        named(&party.id, known.parties.contains_key(&party.id), party.check())?;
    }
    for group in &files.groups {
        named(&group.id, known.groups.contains_key(&group.id), group.check())?;
    }
    for consignee in &files.consignees {
        let is_known = known.consignees.contains_key(&consignee.code);
        named(&consignee.code, is_known, consignee.check())?;
    }
    for code in &files.codes {
        named(&code.code, true, code.check())?;
    }
    for offer in &files.offers {
        named(&offer.id, known.offers.contains_key(&offer.id), offer.check())?;
    }
    let zone = files.settings.zone;
    let today = engine.clock.now().with_timezone(&zone).date_naive();
    let is_due = |day: chrono::NaiveDate| day <= today;
    let due = files.later_contributions.iter().filter(|(day, _, _)| is_due(*day));
    let due: Vec<_> = due.flat_map(|(_, _, read)| read.clone()).collect();
    let (loaded, change_set) = prepare(engine, &actor, files, &due, how).await?;
    let coalition = (*known).clone().with_references(
        &files.settings,
        &files.parties,
        &files.codes,
        &files.consignees,
    );
    let mut folder = Folder { engine, coalition, actor: &actor, how, files: Vec::new() };
    let now: Vec<&ImportLines> =
        requisitions.iter().filter(|file| file.on.is_none_or(is_due)).collect();
    // A single file is accepted together with the rest of the folder, or not at all. If there are several, all are
    // checked first.
    if how.dry_run || loaded.is_disputed() || now.len() > 1 {
        folder.look(&now).await?;
    }
    let is_disputed = loaded.is_disputed() || folder.files.iter().any(|f| f.intake.is_disputed());
    let mut taken = !how.dry_run && (how.keep_good || !is_disputed);
    if taken {
        folder.files.clear();
        folder.take(change_set, &now).await?;
        taken = folder.files.iter().all(|file| file.intake.taken || file.intake.earlier.is_some());
    }
    for (day, file, contributions) in &files.later_contributions {
        if is_due(*day) {
            continue;
        }
        if taken {
            plan_contributions(engine, &actor, &files.settings, file, contributions, *day).await?;
        }
        folder.waits(file, *day, contributions.len());
    }
    for file in requisitions {
        let Some(day) = file.on.filter(|day| !is_due(*day)) else { continue };
        if taken {
            let lines = file.lines.clone();
            plan_requisition(engine, &actor, &files.settings, &file.file, lines, day).await?;
        }
        folder.waits(&file.file, day, file.lines.len());
    }
    let intakes = folder.files.iter().map(|file| file.intake.clone());
    let all = intakes.fold(Intake::default(), Intake::with);
    let Intake { new, unchanged, amended, .. } = all;
    let refused = all.refused.len();
    let files = folder.files;
    let healed = if taken { healed(engine).await? } else { Vec::new() };
    let healed = healed.into_iter().map(|heal| (heal.line.to_string(), heal.was)).collect();
    Ok(Json(CoalitionIntake { taken, new, unchanged, amended, refused, healed, loaded, files }))
}

/// A folder while it is being taken.
struct Folder<'a> {
    engine: &'a Engine,
    coalition: Coalition,
    actor: &'a str,
    how: &'a How,
    files: Vec<FileIntake>,
}

impl Folder<'_> {
    fn waits(&mut self, file: &str, day: chrono::NaiveDate, rows: usize) {
        let (file, intake) = (file.to_owned(), Intake::default());
        self.files.push(FileIntake { file, waits_for: Some(day), rows, intake });
    }

    /// Computes what would become of the files, without changing anything.
    async fn look(&mut self, files: &[&ImportLines]) -> Result<(), Problem> {
        let how = How { dry_run: true, ..self.how.clone() };
        for file in files {
            let expected = expected(self.engine, &self.coalition, &file.lines).await?;
            let handing = Handing::file(self.actor, &file.file, &how);
            let handing = Handing { coalition: Some(&self.coalition), ..handing };
            let intake = submit(self.engine, handing, &file.lines).await?;
            self.note(file, with(intake, expected));
        }
        Ok(())
    }

    fn note(&mut self, file: &ImportLines, intake: Intake) {
        let (file, rows) = (file.file.clone(), file.lines.len());
        self.files.push(FileIntake { file, waits_for: None, rows, intake });
    }

    /// Takes the files. The first one commits together with `change_set`, the rest of the folder.
    async fn take(&mut self, change_set: ChangeSet, files: &[&ImportLines]) -> Result<(), Problem> {
        let mut beside = Some(change_set);
        for file in files {
            let expected = expected(self.engine, &self.coalition, &file.lines).await?;
            let handing = Handing::file(self.actor, &file.file, self.how);
            let left_out = &file.left_out;
            let handing = Handing { coalition: Some(&self.coalition), left_out, ..handing };
            let beside = beside.take();
            let intake = submit_beside(self.engine, handing, &file.lines, beside.as_ref()).await?;
            self.note(file, with(intake, expected));
        }
        let Some(change_set) = beside.filter(|change_set| !change_set.records.is_empty()) else {
            return Ok(());
        };
        match self.engine.commit(vec![change_set], None).await?.into_iter().next() {
            None | Some(Fate::Committed) => Ok(()),
            Some(Fate::Stale { .. }) => Err(waybill_shared::intake::IntakeError::Conflict.into()),
            Some(Fate::Refused { rule }) => {
                Err(waybill_shared::intake::IntakeError::Refused(rule).into())
            }
        }
    }
}
