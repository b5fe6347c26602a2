//! The service's HTTP surface, under `/v1`: for the command line over the socket of `serve` or in its
//! own process, and for everybody else over the network, by accounts.

mod access;
mod admission;
mod answered;
mod arrivals;
mod clock;
mod cron;
mod doctor;
mod effects;
mod entrance;
mod error;
mod gauges;
mod growth;
mod health;
mod idempotency;
mod limits;
mod lines;
mod lots;
mod money;
mod near;
mod openapi;
mod origin;
mod page;
mod pages;
mod past;
mod plan;
mod problem_kind;
pub mod readers;
mod reports;
mod request;
mod routes;
mod show;
mod status;
mod timeline;
mod todo;
mod upload;
mod why;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use waybill_shared::engine::Engine;
use waybill_shared::lead_times::LeadTimes;
use waybill_workers::connectors::{self, Connector};

pub use access::{AccessLog, Allowed, Caller, ROUTES, check_token};
pub use arrivals::{Arrival, ArrivalPage, LateSupplier};
pub use clock::ClockView;
pub use cron::{Coming, Entry as CalendarEntry, FireAsked, FireRequest};
pub use doctor::{Diagnosis, Finding, Health};
pub use effects::Effect;
pub use entrance::{Network, local, network};
pub use error::{DISK_FULL, LACKING, Problem, Wrong};
pub use growth::Growth;
pub use health::{MetricsToken, Readiness, health};
pub use money::{DonorTotal, Lapse, MoneyView, Must, Promise, Stages, UsedRate};
pub use openapi::openapi;
pub use plan::{PlanRequest, Planned};
pub use problem_kind::ProblemKind;
pub use reports::{
    Basis, Count, Declined, DonorReport, DrawnUp, EnvelopeReport, Expected, Few, Filed, Funnel,
    Item, MoneyMoved, Received, Request, RequesterReport, Short, Stage, SteeringReport, Subject,
    Unoffered, Wait, WeeklyReport,
};
pub use routes::{
    ActAnswer, ActOutcome, ActRequest, Acted, Again, AttemptPage, AuditPage, CoalitionIntake,
    DocumentAnswer, DocumentOutcome, EventPage, FileIntake, ImportCoalition, ImportLines,
    IncidentView, IssuedToken, KeysView, MadeWebhook, NewToken, NewWebhook, PendingPage,
    PendingView, Pinged, Replayed, Resealed, RotateToken, SealRequest, Sent, TokenView,
    WebhookView, first_admin,
};
pub use show::Shown;
pub use status::{
    AtRisk, FailingWebhook, IncidentsView, NextFire, PauseView, ServiceView, StatusView,
    WebhookLag, WebhooksView,
};
pub use timeline::Entry;
pub use todo::{Each, Move, Task};
pub use why::Why;

/// What routes work on. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// Store, clock and pipelines.
    pub engine: Engine,
    /// The folder through which the outside is reached.
    folder: PathBuf,
    /// How the outside is asked what follows from a document; opened when it is first needed.
    connector: Arc<OnceLock<Arc<dyn Connector>>>,
    /// What the log said of lead times, as far as it was read.
    lead_times: Arc<tokio::sync::Mutex<LeadTimes>>,
}

impl Api {
    /// Routes on `engine`; the outside is reached through `folder`.
    #[must_use]
    pub fn new(engine: Engine, folder: &Path) -> Self {
        Self {
            engine,
            folder: folder.to_owned(),
            connector: Arc::default(),
            lead_times: Arc::default(),
        }
    }

    /// The way to the outside.
    pub(crate) fn connector(&self) -> Result<Arc<dyn Connector>, Problem> {
        if let Some(connector) = self.connector.get() {
            return Ok(connector.clone());
        }
        let opened = connectors::open(self.engine.pipeline(), &self.folder).map_err(|error| {
            tracing::error!(%error, "the way to the outside could not be opened");
            Problem::new(
                ProblemKind::Unavailable,
                "the way to the outside could not be opened",
                "try again",
            )
        })?;
        Ok(self.connector.get_or_init(|| opened).clone())
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("engine", &self.engine).finish_non_exhaustive()
    }
}
