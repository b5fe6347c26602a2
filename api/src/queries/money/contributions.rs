//! The listing of contributions, page by page, with what became of their money.

use serde::Deserialize;
use utoipa::IntoParams;
use waybill_shared::domain::contribution::Contribution;
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::engine::Engine;
use waybill_shared::store::{EnvelopeRow, StoreError};
use waybill_shared::views::{ContributionPage, ContributionView, EnvelopeView};
use waybill_shared::visibility::Visibility;

use crate::queries::cursor::cut;
use crate::queries::error::QueryError;

/// Which contributions to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContributionsQuery {
    /// Only contributions of this donor.
    donor: Option<String>,
    /// The `next` cursor of the previous page.
    cursor: Option<String>,
    /// The largest number of contributions to return.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

/// A page of the contributions that the caller may see.
pub(crate) async fn page(
    engine: &Engine,
    visibility: &Visibility,
    query: &ContributionsQuery,
) -> Result<ContributionPage, QueryError> {
    let is_asked = |given: &&Contribution| {
        visibility.contribution(given)
            && query.donor.as_ref().is_none_or(|donor| given.donors.contains(donor))
    };
    let all = visibility.coalition.contributions.values().filter(is_asked);
    let asked = (query.cursor.as_deref(), query.limit);
    let (found, next) = cut(all, "contributions", asked, |given| given.id.clone())?;
    let rows = engine.store.envelopes().await?;
    let mut items = Vec::with_capacity(found.len());
    for given in found {
        items.push(view(engine, given.clone(), &rows).await?);
    }
    Ok(ContributionPage { items, next })
}

/// A contribution with what became of its money.
pub(crate) async fn view(
    engine: &Engine,
    contribution: Contribution,
    rows: &[EnvelopeRow],
) -> Result<ContributionView, StoreError> {
    let record = engine.store.record(RecordKind::Contribution, &contribution.id).await?;
    let envelope = rows.iter().find(|row| row.id == contribution.id).and_then(EnvelopeView::of);
    let version = record.map_or(0, |record| record.version);
    Ok(ContributionView { contribution, envelope, version })
}
