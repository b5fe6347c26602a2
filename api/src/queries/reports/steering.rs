//! The steering group's report: the decisions that it has to take, and the facts that they depend on.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::lot::Lot;
use waybill_shared::engine::Engine;
use waybill_shared::matching::roadmap::Plan;
use waybill_shared::store::StoreError;
use waybill_shared::visibility::Visibility;

use super::funnel::Funnel;
use super::waits::{Wait, waits};
use super::words::name;
use crate::queries::error::QueryError;
use crate::queries::few::Few;
use crate::queries::lots::subject::Subject;
use crate::queries::lots::why::{Short, most_urgent};
use crate::queries::money::envelopes::{MoneyView, Promise, money};
use crate::queries::money::plan::{PlanRequest, plan};
use crate::queries::orders::arrivals::{LateSupplier, late_suppliers};
use crate::queries::past::AsOf;

/// The number of lots for which the report says what would fund them.
const TOP: usize = 20;

/// The number of days ahead for which lapsing money is listed.
const SOON: i64 = 90;

/// What a steering group has to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SteeringReport {
    /// The coalition's name.
    pub coalition: String,
    /// The day whose end the report shows. For today, the state is that of now.
    pub day: NaiveDate,
    /// Open reviews, overdue ones first.
    pub reviews: Few<Wait>,
    /// Open consents, overdue ones first.
    pub consents: Few<Wait>,
    /// Lots under orders above the limit that are not approved yet.
    pub approvals: Few<Wait>,
    /// The most urgent lots that wait for money, with the smallest amounts that would fund them.
    pub unfunded: Few<Short>,
    /// The most urgent lots that no offer fits. The secretariat has to act on them.
    #[serde(default)]
    pub unoffered: Few<Unoffered>,
    /// Money that lapses within 90 days unless it is used, by day.
    pub lapsing: Vec<Promise>,
    /// Suppliers with late deliveries.
    pub late: Vec<LateSupplier>,
    /// How far lots have come.
    pub funnel: Funnel,
    /// The money.
    pub money: MoneyView,
    /// The roadmap by quarter.
    #[schema(value_type = Object)]
    pub plan: Plan,
}

/// A lot that no offer fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = UnofferedLot)]
pub struct Unoffered {
    /// The lot.
    #[serde(flatten)]
    pub subject: Subject,
    /// The nearest offers, and why they do not fit, in words.
    pub reason: String,
}

/// The first `most` lots by priority that no offer fits.
async fn unoffered(engine: &Engine, most: usize) -> Result<Few<Unoffered>, StoreError> {
    let mut lots = engine.store.lots_awaiting("offer").await?;
    let mut few = Few { all: lots.len(), ..Few::default() };
    lots.truncate(most);
    let lines = engine.lines_of(&lots).await?;
    let told = |lot: &Lot| {
        let subject = Subject::of(lot, lines.get(&lot.line())?);
        Some(Unoffered { subject, reason: lot.reason.clone() })
    };
    few.first = lots.iter().filter_map(told).collect();
    Ok(few)
}

/// Builds the report.
pub(crate) async fn steering(
    then: &AsOf,
    visibility: &Visibility,
) -> Result<SteeringReport, QueryError> {
    let engine = &then.engine;
    let money = money(engine, visibility, None).await?;
    let is_soon = |given: &&Promise| given.lapses.is_some_and(|lapse| lapse.days <= SOON);
    let mut lapsing: Vec<Promise> = money.envelopes.iter().filter(is_soon).cloned().collect();
    lapsing.sort_by_key(|given| given.lapses.map(|lapse| lapse.by));
    let request = PlanRequest { from: None, quarters: None, what_if: Vec::new() };
    Ok(SteeringReport {
        coalition: name(&visibility.coalition),
        day: then.day,
        reviews: waits(engine, "review").await?.into(),
        consents: waits(engine, "consent").await?.into(),
        approvals: waits(engine, "approval").await?.into(),
        unfunded: most_urgent(engine, TOP).await?,
        unoffered: unoffered(engine, TOP).await?,
        lapsing,
        late: late_suppliers(engine).await?,
        funnel: Funnel::of(&engine.store.lot_counts().await?, engine.pipeline()),
        money,
        plan: plan(engine, request).await?.plan,
    })
}
