//! The service on one screen: whether it runs, where lots are, what is wrong, what lapses, and what runs next.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::account::Role;
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::money::Money;
use waybill_shared::engine::Engine;
use waybill_shared::pauses::{Pause, pauses};
use waybill_shared::presence::{Presence, Trouble, processes};
use waybill_shared::store::{LotCount, StoreError};
use waybill_workers::webhooks::State as Standing;

use super::calendar::{Entry, NextFire, entries};
use super::trouble::reasons;
use crate::queries::error::QueryError;
use crate::queries::log::growth::Growth;
use crate::queries::lots::incidents::{IncidentView, incidents};

/// The number of days ahead for which lapsing money is listed.
const AHEAD: i64 = 90;

/// The largest number of parked lots that are read for their causes.
const LOOKED_AT: usize = 1000;

/// The answering process, and the leader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceView {
    /// The version of Waybill that answers.
    pub version: String,
    /// The process that runs the calendar and dispatches work. If it is left out, nobody does, so nothing moves by
    /// itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader: Option<String>,
    /// What is paused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paused: Vec<PauseView>,
    /// What keeps the answering process from working.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<Trouble>,
    /// The processes that share the store.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<Presence>,
    /// The current business time.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub now: Timestamp,
}

/// Something that is paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PauseView {
    /// What is paused: `all`, `calendar`, `connector`, `webhooks`, `step:NAME`, `supplier:ID`, `webhook:ID`.
    pub what: String,
    /// Since when it is paused, by whom and why.
    #[serde(flatten)]
    pub pause: Pause,
}

/// Parked lots, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IncidentsView {
    /// The number of parked lots.
    pub lots: i64,
    /// The causes, those with most lots first. If very many lots are parked, only the first ones are counted.
    pub causes: Vec<IncidentView>,
}

/// Money that lapses unless an order binds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AtRisk {
    /// The envelope.
    pub envelope: String,
    /// The envelope's donors.
    pub donors: Vec<String>,
    /// The amount that no order has bound yet.
    pub unbound: Money,
    /// The last day on which an order can bind it.
    pub obligate_by: chrono::NaiveDate,
    /// The number of days until then. If it is negative, the day has passed and the money lapses at the calendar's next
    /// run.
    pub days: i64,
}

/// A webhook whose deliveries do not arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FailingWebhook {
    /// The webhook's id.
    pub id: String,
    /// Since when no attempt has succeeded. Left out if only single deliveries were given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub since: Option<Timestamp>,
    /// The number of deliveries that were given up.
    pub failed: usize,
    /// Whether the webhook is disabled.
    pub disabled: bool,
}

/// How far a webhook is behind the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookLag {
    /// The webhook's id.
    pub id: String,
    /// The number of events that the webhook has not processed.
    pub events: i64,
    /// The age of the first of those events, in seconds.
    pub seconds: i64,
}

/// The webhooks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhooksView {
    /// The number of webhooks.
    pub all: usize,
    /// Webhooks whose deliveries do not arrive.
    pub failing: Vec<FailingWebhook>,
    /// Webhooks that are behind the log, and how far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub behind: Vec<WebhookLag>,
}

/// The service as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatusView {
    /// The coalition's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coalition: Option<String>,
    /// The service.
    pub service: ServiceView,
    /// The number of lots in each state, and since when the first of them is there, to the hour.
    pub lots: Vec<LotCount>,
    /// Parked lots.
    pub incidents: IncidentsView,
    /// Money that lapses within 90 days unless an order binds it, soonest first.
    pub at_risk: Vec<AtRisk>,
    /// The next runs of the calendar, soonest first.
    pub calendar: Vec<NextFire>,
    /// The webhooks.
    pub webhooks: WebhooksView,
    /// The log, and how it grows.
    #[serde(default)]
    pub log: Growth,
}

/// The state of the service. Observers do not see incident causes, processes and webhooks, because they may not request
/// those either.
pub(crate) async fn status(engine: &Engine, role: Role) -> Result<StatusView, QueryError> {
    let lots = engine.store.lot_counts().await?;
    let parked = lots.iter().filter(|count| count.state == "parked").map(|count| count.lots).sum();
    let is_told = role != Role::Observer;
    let mut causes = if is_told { incidents(engine, LOOKED_AT).await? } else { Vec::new() };
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.lots));
    let fires = entries(engine).await?.into_iter();
    let mut calendar: Vec<NextFire> = fires.filter_map(Entry::next_fire).collect();
    calendar.sort_by_key(|fire| fire.next);
    let coalition = engine.coalition().await?;
    Ok(StatusView {
        coalition: coalition.settings.as_ref().map(|settings| settings.name.clone()),
        service: service(engine, is_told).await?,
        incidents: IncidentsView { lots: parked, causes },
        lots,
        at_risk: at_risk(engine).await?,
        calendar,
        webhooks: if is_told { webhooks(engine).await? } else { WebhooksView::default() },
        log: Growth::of(engine).await?,
    })
}

async fn service(engine: &Engine, is_told: bool) -> Result<ServiceView, StoreError> {
    let paused = pauses(&*engine.store).await?.into_iter();
    let own = engine.metrics.is_leading().then(|| "this process".to_owned());
    let mut troubles = reasons(engine).await;
    let condition = engine.store.condition().await?;
    if condition.is_read_only && troubles.iter().all(|trouble| trouble.part != "store") {
        troubles
            .push(Trouble::new("store", "the database accepts no writes: see `waybill doctor`"));
    }
    if troubles.iter().all(|trouble| trouble.part != "store") {
        let hindrances = engine.store.hindrances().await?;
        troubles.extend(hindrances.into_iter().map(Trouble::of_hindrance));
    }
    if !condition.detached.is_empty() {
        let what = format!("{} was removed from the log: see `waybill doctor`", condition.detached);
        troubles.push(Trouble::new("store", what));
    }
    Ok(ServiceView {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        leader: engine.store.led_by().await?.or(own),
        paused: paused.map(|(what, pause)| PauseView { what, pause }).collect(),
        troubles,
        processes: if is_told { processes(&*engine.store).await? } else { Vec::new() },
        now: engine.clock.now(),
    })
}

async fn at_risk(engine: &Engine) -> Result<Vec<AtRisk>, StoreError> {
    let coalition = engine.coalition().await?;
    let today = engine.today(&coalition);
    let mut found = Vec::new();
    for row in engine.store.envelopes().await? {
        let Some(given) = coalition.contributions.get(&row.id) else { continue };
        let (Some(last), Some(currency)) = (given.obligate_by, given.currency()) else { continue };
        let unbound = row.committed - row.obligated - row.disbursed - row.expired;
        let days = (last - today).num_days();
        if unbound > 0 && days <= AHEAD {
            found.push(AtRisk {
                envelope: row.id,
                donors: given.donors.clone(),
                unbound: Money::new(unbound, currency),
                obligate_by: last,
                days,
            });
        }
    }
    found.sort_by(|a, b| (a.obligate_by, &a.envelope).cmp(&(b.obligate_by, &b.envelope)));
    Ok(found)
}

/// How far an enabled webhook is behind the log. `None` if it is not behind.
async fn lag(
    engine: &Engine,
    id: &str,
    standing: &Standing,
) -> Result<Option<WebhookLag>, StoreError> {
    let from = standing.progress.position;
    let events = engine.store.last_position().await? - from;
    if events <= 0 || standing.endpoint.disabled.is_some() {
        return Ok(None);
    }
    let first = engine.store.events_after(from, 1).await?.pop();
    let since = first.map_or(0, |first| (engine.clock.now() - first.at).num_seconds().max(0));
    Ok(Some(WebhookLag { id: id.to_owned(), events, seconds: since }))
}

/// Webhooks that are behind the log, and how far.
pub(crate) async fn behind(engine: &Engine) -> Result<Vec<WebhookLag>, StoreError> {
    Ok(webhooks(engine).await?.behind)
}

async fn webhooks(engine: &Engine) -> Result<WebhooksView, StoreError> {
    let mut view = WebhooksView::default();
    for record in engine.store.records(RecordKind::Webhook).await? {
        let Some(standing) = Standing::read(engine, &record.id).await? else { continue };
        view.all += 1;
        view.behind.extend(lag(engine, &record.id, &standing).await?);
        let since = standing.progress.failing_since;
        let failed = standing.failed().count();
        let disabled = standing.endpoint.disabled.is_some();
        if since.is_some() || failed > 0 || disabled {
            view.failing.push(FailingWebhook { id: record.id, since, failed, disabled });
        }
    }
    Ok(view)
}
