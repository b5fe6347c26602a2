//! The routes, one file for each kind of thing.

mod calendar;
mod clock;
mod commands;
mod contributions;
pub(crate) mod documents;
mod events;
mod imports;
mod incidents;
mod keys;
mod lines;
mod lots;
mod orders;
mod overview;
mod reports;
pub(crate) mod requisitions;
mod service;
mod show;
mod tokens;
mod webhooks;

pub use calendar::{FireAsked, FireRequest};
pub use commands::{CommandAnswer, CommandRequest, CommandResult, Outcome as CommandOutcome};
pub use documents::{Answer as DocumentAnswer, Outcome as DocumentOutcome, Sent};
pub use events::{AuditPage, EventPage};
pub use imports::{CoalitionIntake, FileIntake, ImportCoalition, ImportLines};
pub use keys::{KeysView, Resealed, SealRequest};
pub use tokens::{IssuedToken, NewToken, RotateToken, TokenView, first_admin};
pub use webhooks::{
    Again, AttemptPage, MadeWebhook, NewWebhook, PendingPage, PendingView, Pinged, Replayed,
    WebhookView,
};

use axum::Router;
use axum::routing::{get, post};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::state::Api;

/// The routes that the API description lists.
pub(crate) fn all() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(service::me))
        .routes(routes!(service::status))
        .routes(routes!(service::todo))
        .routes(routes!(service::plan))
        .routes(routes!(service::check))
        .routes(routes!(clock::clock))
        .routes(routes!(clock::clock_accept))
        .routes(routes!(calendar::cron))
        .routes(routes!(calendar::cron_next))
        .routes(routes!(calendar::cron_run))
        .routes(routes!(service::doctor))
        .routes(routes!(lots::list))
        .routes(routes!(lots::one))
        .routes(routes!(lots::timeline))
        .routes(routes!(lots::explain))
        .routes(routes!(lines::list))
        .routes(routes!(lines::one))
        .routes(routes!(requisitions::submit))
        .routes(routes!(contributions::list))
        .routes(routes!(contributions::one, contributions::put))
        .routes(routes!(overview::money))
        .routes(routes!(overview::arrivals))
        .routes(routes!(overview::lead_times))
        .routes(routes!(reports::weekly))
        .routes(routes!(reports::steering))
        .routes(routes!(reports::donor))
        .routes(routes!(reports::requester))
        .routes(routes!(orders::list))
        .routes(routes!(orders::one))
        .routes(routes!(orders::document))
        .routes(routes!(orders::lots))
        .routes(routes!(documents::take))
        .routes(routes!(commands::command))
        .routes(routes!(incidents::list))
        .routes(routes!(incidents::replay))
        .routes(routes!(show::show))
        .routes(routes!(events::feed))
        .routes(routes!(events::audit))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(tokens::rotate))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::one, webhooks::change, webhooks::remove))
        .routes(routes!(webhooks::deliveries::ping))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::deliveries::attempts))
        .routes(routes!(webhooks::deliveries::pending))
        .routes(routes!(webhooks::deliveries::replay))
}

/// Routes for the command line. Their bodies are types of this program, not a public format.
pub(crate) fn unlisted() -> Router<Api> {
    Router::new()
        .route("/v1/report", get(imports::report))
        .route("/v1/imports", post(imports::lines))
        .route("/v1/coalition", post(imports::coalition))
        .route("/v1/keys", get(keys::list))
        .route("/v1/keys/seal", post(keys::seal))
        // The route's name in version 0.1.0.
        .route("/v1/acts", post(commands::command))
}
