//! What the command line hands in and asks, typed as this program has it.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use waybill_scheduler::intake::{plan_contributions, plan_requisition};
use waybill_shared::domain::account::Role;
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::import::CoalitionFiles;
use waybill_shared::intake::{Handing, Intake, Submitted, load, submit};
use waybill_shared::report::{Report, build};

use crate::access::Caller;
use crate::request::{Body, Named};
use crate::show::{Shown, show as show_subject};
use crate::{Api, Problem};

/// Lines of a file of requisitions.
#[derive(Debug, Serialize, Deserialize)]
pub struct ImportLines {
    /// The file's name.
    pub file: String,
    /// What it says.
    pub lines: Vec<Submitted>,
    /// The day on which they are submitted; none: now.
    #[serde(default)]
    pub on: Option<chrono::NaiveDate>,
}

/// What a coalition's folder says.
#[derive(Debug, Serialize, Deserialize)]
pub struct ImportCoalition {
    /// Everything but the requisitions.
    pub files: CoalitionFiles,
    /// The requisitions, by file.
    pub requisitions: Vec<ImportLines>,
}

fn actor(caller: &Caller) -> String {
    match caller {
        Caller::Local => "import".to_owned(),
        Caller::Account(account) => account.actor(),
    }
}

pub(super) async fn show(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
) -> Result<Json<Shown>, Problem> {
    may_show(&api, &caller, &id).await?;
    let is_whole = caller.sight(&api.engine).await?.is_whole();
    let shown = show_subject(&api.engine, &id, is_whole).await?;
    let is_account = matches!(shown.kind.as_str(), "token" | "webhook");
    if is_account && !matches!(caller.role(), Role::Admin | Role::Auditor) {
        return Err(Problem::unknown(UNKNOWN, &id));
    }
    Ok(Json(shown))
}

/// What was asked for and is not there, or not for the caller.
const UNKNOWN: &str = "lot, line or record";

/// Refuses what the caller does not see. A requester and a reviewer see their lots and lines; whoever
/// sees the whole sees everything but accounts.
async fn may_show(api: &Api, caller: &Caller, id: &str) -> Result<(), Problem> {
    let unknown = || Problem::unknown(UNKNOWN, id);
    let mut sight = caller.sight(&api.engine).await?;
    if sight.is_whole() {
        return Ok(());
    }
    if id.parse::<LotId>().is_ok() {
        return caller.lot(&api.engine, &mut sight, id).await.map(drop);
    }
    let found = match id.parse::<LineId>() {
        Ok(line) => api.engine.store.lines(&[line]).await?,
        Err(_) => api.engine.store.lines_by_external(&[id]).await?,
    };
    let is_own = found.iter().any(|(_, stored)| sight.line(&stored.line));
    is_own.then_some(()).ok_or_else(unknown)
}

pub(super) async fn report(State(api): State<Api>) -> Result<Json<Report>, Problem> {
    Ok(Json(build(&api.engine, 0.0).await?))
}

pub(super) async fn lines(
    State(api): State<Api>,
    caller: Caller,
    Body(body): Body<ImportLines>,
) -> Result<Json<Intake>, Problem> {
    let actor = actor(&caller);
    Ok(Json(submit(&api.engine, Handing::file(&actor, &body.file), &body.lines).await?))
}

pub(super) async fn coalition(
    State(api): State<Api>,
    caller: Caller,
    Body(body): Body<ImportCoalition>,
) -> Result<Json<Intake>, Problem> {
    let engine = &api.engine;
    load(engine, &body.files).await?;
    let coalition = engine.coalition().await?;
    let today = engine.today(&coalition);
    let settings = &body.files.settings;
    let actor = actor(&caller);
    for (day, file, contributions) in &body.files.later_contributions {
        plan_contributions(engine, settings, file, contributions, *day).await?;
    }
    let mut total = Intake::default();
    for requisition in body.requisitions {
        let ImportLines { file, lines, on } = requisition;
        match on.filter(|day| *day > today) {
            Some(day) => plan_requisition(engine, settings, &file, lines, day).await?,
            None => {
                let taken = submit(engine, Handing::file(&actor, &file), &lines).await?;
                total.new += taken.new;
                total.unchanged += taken.unchanged;
                total.amended.extend(taken.amended);
            }
        }
    }
    Ok(Json(total))
}
