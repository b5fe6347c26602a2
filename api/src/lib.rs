//! The service's HTTP API, under `/v1`. The command line uses it over the socket of `serve` or within its own process;
//! everybody else uses it over the network, with an account. `queries` computes the answers and `http` delivers them.

mod http;
mod queries;
pub mod readers;

pub use http::access::{AccessLog, Allowed, Caller, ROUTES, check_token};
pub use http::entrance::health::{MetricsToken, Readiness, health};
pub use http::entrance::{Network, local, network};
pub use http::openapi::openapi;
pub use http::problem::{Problem, Wrong};
pub use http::problem_kind::ProblemKind;
pub use http::routes::{
    Again, AttemptPage, AuditPage, CoalitionIntake, CommandAnswer, CommandOutcome, CommandRequest,
    CommandResult, DocumentAnswer, DocumentOutcome, EventPage, FileIntake, FireAsked, FireRequest,
    ImportCoalition, ImportLines, IssuedToken, KeysView, MadeWebhook, NewToken, NewWebhook,
    PendingPage, PendingView, Pinged, Replayed, Resealed, RotateToken, SealRequest, Sent,
    TokenView, WebhookView, first_admin,
};
pub use http::state::Api;
pub use queries::doctor::{Diagnosis, Finding, Health};
pub use queries::effects::Effect;
pub use queries::error::{DISK_FULL, LACKING};
pub use queries::few::Few;
pub use queries::log::growth::Growth;
pub use queries::log::{happened, lead_times};
pub use queries::lots::incidents::IncidentView;
pub use queries::lots::subject::Subject;
pub use queries::lots::timeline::Entry;
pub use queries::lots::why::{Short, Why};
pub use queries::money::envelopes::{
    DonorTotal, Lapse, MoneyView, Must, Promise, Stages, UsedRate,
};
pub use queries::money::plan::{PlanRequest, Planned};
pub use queries::orders::arrivals::{Arrival, ArrivalPage, LateSupplier};
pub use queries::reports::run as run_report;
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
