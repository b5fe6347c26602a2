//! Contributions: what donors promise, and what became of it.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use waybill_shared::domain::account::Role;
use waybill_shared::domain::contribution::Contribution;
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::domain::rules::check_new;
use waybill_shared::intake::contribute;
use waybill_shared::views::{ContributionPage, ContributionView};

use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::http::request::{Body, Named, Params};
use crate::http::state::Api;
use crate::http::versions::{matches, versioned};
use crate::queries::money::contributions::{ContributionsQuery, page, view};

/// Contributions, in order of their ids.
#[utoipa::path(
    get, path = "/v1/contributions", tag = "money", params(ContributionsQuery),
    responses((status = 200, body = ContributionPage))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<ContributionsQuery>,
) -> Result<Json<ContributionPage>, Problem> {
    let visibility = caller.visibility(&api.engine).await?;
    Ok(Json(page(&api.engine, &visibility, &query).await?))
}

/// One contribution, with what became of its money.
#[utoipa::path(
    get, path = "/v1/contributions/{id}", tag = "money",
    params(("id" = String, Path, description = "The contribution's id")),
    responses((status = 200, body = ContributionView, headers(("ETag" = String))))
)]
pub(crate) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
) -> Result<Response, Problem> {
    let visibility = caller.visibility(&api.engine).await?;
    let given =
        visibility.coalition.contributions.get(&id).filter(|given| visibility.contribution(given));
    let given = given.cloned().ok_or_else(|| Problem::unknown("contribution", &id))?;
    let rows = api.engine.store.envelopes().await?;
    let view = view(&api.engine, given, &rows).await?;
    Ok(versioned(view.version, view))
}

/// Creates or updates a contribution.
///
/// Firm commitments can be used at once. A donor may only state its own contributions.
#[utoipa::path(
    put, path = "/v1/contributions/{id}", tag = "money",
    params(
        ("id" = String, Path, description = "The contribution's id"),
        ("If-Match" = Option<String>, Header, description = "The version it was read at"),
    ),
    request_body = Contribution,
    responses((status = 200, body = ContributionView, headers(("ETag" = String))))
)]
pub(crate) async fn put(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    Named(id): Named,
    Body(given): Body<Contribution>,
) -> Result<Response, Problem> {
    if given.id != id {
        return Err(Problem::field(
            "id",
            "it differs from the id in the path",
            "give the id of the path",
        ));
    }
    let visibility = caller.visibility(&api.engine).await?;
    let is_own = |given: &Contribution| {
        caller.role() != Role::Donor
            || given.donors == caller.party().into_iter().collect::<Vec<_>>()
    };
    let before = visibility.coalition.contributions.get(&id);
    if !is_own(&given) || before.is_some_and(|before| !is_own(before)) {
        let detail = "a donor can only state a contribution that it gives alone";
        return Err(Problem::new(
            ProblemKind::Forbidden,
            detail,
            "the secretariat states contributions of several donors",
        ));
    }
    if before.is_none() {
        check_new(&given.id)?;
    }
    check(&given, &visibility.coalition.parties)?;
    let record = api.engine.store.record(RecordKind::Contribution, &id).await?;
    matches(&headers, record.map_or(0, |record| record.version))?;
    contribute(&api.engine, &caller.actor(), &[given]).await?;
    let coalition = api.engine.coalition().await?;
    let given = coalition.contributions.get(&id).cloned();
    let given = given.ok_or_else(|| Problem::unknown("contribution", &id))?;
    let rows = api.engine.store.envelopes().await?;
    let view = view(&api.engine, given, &rows).await?;
    Ok(versioned(view.version, view))
}

/// The checks that also apply to a file of contributions.
fn check(
    given: &Contribution,
    parties: &std::collections::BTreeMap<String, waybill_shared::domain::party::Party>,
) -> Result<(), Problem> {
    given.check()?;
    if let Some(donor) = given.donors.iter().find(|donor| !parties.contains_key(*donor)) {
        let detail = format!("there is no party `{donor}`");
        return Err(Problem::field("donors", detail, "add the party first"));
    }
    Ok(())
}
