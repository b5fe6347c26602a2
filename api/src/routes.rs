//! The routes, under `/v1`.

use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use waybill_scheduler::intake::{plan_contributions, plan_requisition};
use waybill_shared::check::{Findings, check};
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::lot::Lot;
use waybill_shared::engine::Engine;
use waybill_shared::import::CoalitionFiles;
use waybill_shared::intake::{Intake, Submitted, load, submit};
use waybill_shared::report::{Report, build};
use waybill_shared::store::{LotCount, LotFilter};

use crate::Problem;
use crate::plan::{PlanRequest, Planned, plan};
use crate::timeline::{Shown, show};
use crate::why::{Why, why};

/// The largest body, in bytes.
const LARGEST: usize = 256 * 1024 * 1024;

/// Lots listed at most.
const LISTED: i64 = 10_000;

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

/// Which lots to list.
#[derive(Debug, Default, Deserialize)]
struct LotsQuery {
    state: Option<String>,
    step: Option<String>,
    awaits: Option<String>,
    after: Option<String>,
    limit: Option<i64>,
}

/// The service on `engine`.
pub fn router(engine: Engine) -> Router {
    Router::new()
        .route("/v1/status", get(status))
        .route("/v1/lots", get(lots))
        .route("/v1/show/{*id}", get(show_one))
        .route("/v1/why/{id}", get(explain))
        .route("/v1/plan", post(make_plan))
        .route("/v1/check", get(run_check))
        .route("/v1/report", get(report))
        .route("/v1/requisitions", post(import_lines))
        .route("/v1/coalition", post(import_coalition))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(engine)
}

async fn status(State(engine): State<Engine>) -> Result<Json<Vec<LotCount>>, Problem> {
    Ok(Json(engine.store.lot_counts().await?))
}

async fn lots(
    State(engine): State<Engine>,
    Query(query): Query<LotsQuery>,
) -> Result<Json<Vec<Lot>>, Problem> {
    let after = query.after.map(|id| id.parse::<LotId>()).transpose();
    let after = after.map_err(|error| {
        Problem::new(axum::http::StatusCode::BAD_REQUEST, "invalid", error.to_string(), "")
    })?;
    let filter = LotFilter {
        state: query.state,
        step: query.step,
        awaits: query.awaits,
        after,
        limit: query.limit.unwrap_or(LISTED).clamp(1, LISTED),
    };
    Ok(Json(engine.store.lots(&filter).await?))
}

async fn show_one(
    State(engine): State<Engine>,
    Path(id): Path<String>,
) -> Result<Json<Shown>, Problem> {
    Ok(Json(show(&engine, &id).await?))
}

async fn explain(
    State(engine): State<Engine>,
    Path(id): Path<String>,
) -> Result<Json<Why>, Problem> {
    Ok(Json(why(&engine, &id).await?))
}

async fn make_plan(
    State(engine): State<Engine>,
    Json(body): Json<PlanRequest>,
) -> Result<Json<Planned>, Problem> {
    Ok(Json(plan(&engine, body).await?))
}

async fn run_check(State(engine): State<Engine>) -> Result<Json<Findings>, Problem> {
    Ok(Json(check(&*engine.store).await?))
}

async fn report(State(engine): State<Engine>) -> Result<Json<Report>, Problem> {
    Ok(Json(build(&engine, 0.0).await?))
}

async fn import_lines(
    State(engine): State<Engine>,
    Json(body): Json<ImportLines>,
) -> Result<Json<Intake>, Problem> {
    Ok(Json(submit(&engine, "import", &body.file, &body.lines).await?))
}

async fn import_coalition(
    State(engine): State<Engine>,
    Json(body): Json<ImportCoalition>,
) -> Result<Json<Intake>, Problem> {
    load(&engine, &body.files).await?;
    let coalition = engine.coalition().await?;
    let today = engine.today(&coalition);
    let settings = &body.files.settings;
    for (day, file, contributions) in &body.files.later_contributions {
        plan_contributions(&engine, settings, file, contributions, *day).await?;
    }
    let mut total = Intake::default();
    for requisition in body.requisitions {
        match requisition.on.filter(|day| *day > today) {
            Some(day) => {
                plan_requisition(&engine, settings, &requisition.file, requisition.lines, day)
                    .await?;
            }
            None => {
                let taken =
                    submit(&engine, "import", &requisition.file, &requisition.lines).await?;
                total.new += taken.new;
                total.unchanged += taken.unchanged;
                total.amended.extend(taken.amended);
            }
        }
    }
    Ok(Json(total))
}
