//! What the command line hands in and asks, typed as this program has it.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use waybill_scheduler::intake::{plan_contributions, plan_requisition};
use waybill_shared::import::CoalitionFiles;
use waybill_shared::intake::{Handing, Intake, Submitted, load, submit};
use waybill_shared::report::{Report, build};

use crate::access::Caller;
use crate::request::Body;
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
