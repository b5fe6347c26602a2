//! The service's HTTP surface, under `/v1`: for the command line over the socket of `serve` or in its
//! own process, and for everybody else over the network, by accounts.

mod access;
mod admission;
mod entrance;
mod error;
mod health;
mod idempotency;
mod limits;
mod openapi;
mod origin;
mod pages;
mod problem_kind;
mod queries;
pub mod readers;
mod request;
mod routes;
mod upload;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use waybill_shared::engine::Engine;
use waybill_shared::lead_times::LeadTimes;
use waybill_workers::connectors::{self, Connector};

pub use access::{AccessLog, Allowed, Caller, ROUTES, check_token};
pub use entrance::{Network, local, network};
pub use error::{Problem, Wrong};
pub use health::{MetricsToken, Readiness, health};
pub use openapi::openapi;
pub use problem_kind::ProblemKind;
pub use queries::doctor::{Diagnosis, Finding, Health};
pub use queries::effects::Effect;
pub use queries::error::{DISK_FULL, LACKING};
pub use queries::few::Few;
pub use queries::log::growth::Growth;
pub use queries::lots::incidents::IncidentView;
pub use queries::lots::subject::Subject;
pub use queries::lots::timeline::Entry;
pub use queries::lots::why::{Short, Why};
pub use queries::money::envelopes::{
    DonorTotal, Lapse, MoneyView, Must, Promise, Stages, UsedRate,
};
pub use queries::money::plan::{PlanRequest, Planned};
pub use queries::orders::arrivals::{Arrival, ArrivalPage, LateSupplier};
pub use queries::reports::{
    Basis, Count, Declined, DonorReport, DrawnUp, EnvelopeReport, Expected, Filed, Funnel, Item,
    MoneyMoved, Received, Request, RequesterReport, Stage, SteeringReport, Unoffered, Wait,
    WeeklyReport,
};
pub use queries::service::calendar::{Coming, Entry as CalendarEntry, NextFire};
pub use queries::service::clock::ClockView;
pub use queries::service::status::{
    AtRisk, FailingWebhook, IncidentsView, PauseView, ServiceView, StatusView, WebhookLag,
    WebhooksView,
};
pub use queries::show::Shown;
pub use queries::todo::{Each, Move, Task};
pub use routes::{
    ActAnswer, ActOutcome, ActRequest, Acted, Again, AttemptPage, AuditPage, CoalitionIntake,
    DocumentAnswer, DocumentOutcome, EventPage, FileIntake, FireAsked, FireRequest,
    ImportCoalition, ImportLines, IssuedToken, KeysView, MadeWebhook, NewToken, NewWebhook,
    PendingPage, PendingView, Pinged, Replayed, Resealed, RotateToken, SealRequest, Sent,
    TokenView, WebhookView, first_admin,
};

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
