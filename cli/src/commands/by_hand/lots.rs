//! `waybill hold`, `resume`, `retry`, `cancel`, `split`, `merge`, `redirect`.

use waybill_shared::domain::command::Command;
use waybill_shared::domain::ids::LotId;
use waybill_shared::views::LotPage;

use super::{Picked, Verb, act};
use crate::args;
use crate::client::{Client, Query};
use crate::failure::Failure;

/// How many lots are read at once.
const PAGE: u64 = 1000;

pub(crate) async fn hold(on: args::OnLots) -> Result<(), Failure> {
    act(Verb::new("hold", "held", "lot"), Command::Hold, Picked::Lots(&on.lots), &on.how).await
}

pub(crate) async fn resume(on: args::OnLots) -> Result<(), Failure> {
    let verb = Verb::new("resume", "resumed", "lot");
    act(verb, Command::Resume, Picked::Lots(&on.lots), &on.how).await
}

pub(crate) async fn retry(on: args::OnLots) -> Result<(), Failure> {
    let verb = Verb::new("retry", "tried again", "lot");
    act(verb, Command::Retry, Picked::Lots(&on.lots), &on.how).await
}

pub(crate) async fn cancel(on: args::OnLots) -> Result<(), Failure> {
    let verb = Verb::new("cancel", "cancelled", "lot");
    act(verb, Command::Cancel, Picked::Lots(&on.lots), &on.how).await
}

pub(crate) async fn split(split: args::Split) -> Result<(), Failure> {
    // Only the service knows the unit, which decides how many decimals are allowed.
    let quantity = serde_json::from_value(serde_json::json!({
        "act": "split", "quantity": split.quantity, "again": split.again,
    }));
    let command: Command = quantity.map_err(|_| {
        Failure::caller(
            format!("`{}` is not a quantity", split.quantity),
            "give a number such as 12",
        )
    })?;
    let ids = [split.lot];
    act(Verb::new("split", "split", "lot"), command, Picked::Ids(&ids), &split.how).await
}

pub(crate) async fn merge(merge: args::Merge) -> Result<(), Failure> {
    let into: LotId = merge.into.parse().map_err(|error| {
        Failure::caller(format!("{error}"), "name first the lot into which the others are merged")
    })?;
    let verb = Verb::new("merge", "merged", "lot");
    act(verb, Command::Merge { into }, Picked::Ids(&merge.ids), &merge.how).await
}

pub(crate) async fn redirect(on: args::Redirect) -> Result<(), Failure> {
    let verb = Verb::new("redirect", "redirected", "lot");
    let command = Command::Redirect { consignee: on.to };
    act(verb, command, Picked::Lots(&on.lots), &on.how).await
}

/// The ids of all lots that match the filters.
pub(super) async fn matching(client: &Client, lots: &args::OfLots) -> Result<Vec<String>, Failure> {
    let mut query = Query::new("/v1/lots");
    query.add("state", lots.incident.as_ref().map(|_| "parked").or(lots.state.as_deref()));
    query.add("step", lots.step.as_ref());
    query.add("awaits", lots.awaits.as_ref());
    query.add("requester", lots.requester.as_ref());
    query.add("donor", lots.donor.as_ref());
    query.add("class", lots.class);
    if query.is_open() {
        return Err(Failure::caller(
            "no lots and no filter are given",
            "name lots, `-` for standard input, or a filter such as --awaits review",
        ));
    }
    let (mut ids, mut cursor) = (Vec::new(), None);
    loop {
        let page: LotPage = client.get(&query.page(PAGE, cursor.as_deref())).await?;
        let is_wanted = |lot: &&waybill_shared::views::LotView| {
            lots.incident.is_none() || lot.incident == lots.incident
        };
        ids.extend(page.items.iter().filter(is_wanted).map(|lot| lot.id.to_string()));
        cursor = page.next;
        if cursor.is_none() {
            return Ok(ids);
        }
    }
}
