//! `waybill lots`.

use chrono::{SecondsFormat, Utc};
use waybill_shared::views::{LotPage, LotView};

use crate::args;
use crate::client::{Client, Query};
use crate::failure::Failure;
use crate::output::{self, Cell, Column, Fit};
use crate::target::Target;

/// The most lots in one request.
pub(super) const PAGE: u64 = 1000;

/// Lists lots, from as many pages as necessary.
pub(crate) async fn run(arguments: args::Lots) -> Result<(), Failure> {
    let args::Lots { data, state, step, awaits, donor, asked, .. } = &arguments;
    let before = arguments.older_than.map(|age| Utc::now() - age);
    let mut query = Query::new("/v1/lots");
    query.add("state", state.as_ref());
    query.add("step", step.as_ref());
    query.add("awaits", awaits.as_ref());
    query.add("donor", donor.as_ref());
    asked_for(&mut query, asked);
    query.add("since_before", before.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)));
    query.add("sort", Some(&arguments.sort).filter(|sort| *sort != "id"));
    query.add("after", arguments.after.as_ref());
    let wanted = if arguments.many.all { u64::MAX } else { arguments.many.limit };
    let (mut lots, mut more): (Vec<LotView>, bool) = (Vec::new(), false);
    Client::with(&Target::of(data)?, async |client| {
        let (mut left, mut cursor) = (wanted, None);
        while left > 0 {
            let page: LotPage = client.get(&query.page(left.min(PAGE), cursor.as_deref())).await?;
            left -= left.min(page.items.len() as u64);
            if arguments.ids {
                let ids = page.items.iter().map(|lot| format!("{}\n", lot.id));
                output::data(&ids.collect::<String>())?;
            } else {
                lots.extend(page.items);
            }
            cursor = page.next;
            more = cursor.is_some();
            if !more {
                break;
            }
        }
        Ok(())
    })
    .await?;
    if !arguments.ids {
        output::listing(&arguments.form, &COLUMNS, &lots, "no lots")?;
    }
    match lots.last().filter(|_| more && arguments.sort == "id") {
        Some(last) => output::talk(&format!("more with --after {}, or --all", last.id)),
        None if more => output::talk("more with a higher --limit, or --all"),
        None => {}
    }
    Ok(())
}

/// Adds the filters that lots and lines share.
pub(super) fn asked_for(query: &mut Query, asked: &args::Needs) {
    query.add("requester", asked.requester.as_ref());
    query.add("class", asked.class);
    query.add("group", asked.group.as_ref());
    query.add("item", asked.item.as_ref());
    query.add("late", Some(true).filter(|_| asked.late));
}

pub(super) async fn every(client: &Client) -> Result<Vec<LotView>, Failure> {
    let query = Query::new("/v1/lots");
    let (mut lots, mut cursor): (Vec<LotView>, Option<String>) = (Vec::new(), None);
    loop {
        let page: LotPage = client.get(&query.page(PAGE, cursor.as_deref())).await?;
        lots.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            return Ok(lots);
        }
    }
}

/// The listed values of `lot` that only a command or a file can change, by column.
pub(super) fn stated(lot: &LotView) -> impl Iterator<Item = (&'static str, String)> {
    let is_stated = |column: &Column<LotView>| STATED.contains(&column.name);
    COLUMNS.into_iter().filter(is_stated).map(|column| (column.name, (column.cell)(lot).text))
}

const STATED: [&str; 7] =
    ["rank", "requester", "item", "quantity", "needed_by", "external_id", "line"];

fn since(lot: &LotView) -> String {
    lot.since.map(|since| since.to_rfc3339()).unwrap_or_default()
}

fn day(day: Option<chrono::NaiveDate>) -> Cell {
    day.map(|day| day.to_string()).unwrap_or_default().into()
}

const COLUMNS: [Column<LotView>; 17] = [
    Column::new("lot", Fit::Left, |lot| lot.id.to_string().into()),
    Column::new("rank", Fit::Left, |lot| {
        format!("{}/{}", lot.priority.class, lot.priority.rank).into()
    }),
    Column::new("step", Fit::Left, |lot| lot.step.clone().unwrap_or_default().into()),
    Column::new("state", Fit::Left, |lot| match &lot.awaits {
        Some(awaits) => Cell::from(format!("waits: {awaits}")).raw(lot.state.clone()),
        None => lot.state.clone().into(),
    }),
    Column::more("awaits", Fit::Left, |lot| lot.awaits.clone().unwrap_or_default().into()),
    Column::new("age", Fit::Right, |lot| {
        Cell::from(lot.since.map(output::ago).unwrap_or_default()).raw(since(lot))
    }),
    Column::more("since", Fit::Left, |lot| {
        Cell::from(lot.since.map(output::moment).unwrap_or_default()).raw(since(lot))
    }),
    Column::more("requester", Fit::Left, |lot| lot.requester.clone().into()),
    Column::more("item", Fit::Left, |lot| lot.item.clone().into()),
    Column::more("quantity", Fit::Right, |lot| lot.quantity.clone().into()),
    Column::more("order", Fit::Left, |lot| lot.order.clone().unwrap_or_default().into()),
    Column::more("donors", Fit::Left, |lot| {
        let mut donors: Vec<&str> =
            lot.funding.iter().flat_map(|share| &share.donors).map(String::as_str).collect();
        donors.sort_unstable();
        donors.dedup();
        donors.join(" ").into()
    }),
    Column::more("due", Fit::Left, |lot| day(lot.due)),
    Column::more("needed_by", Fit::Left, |lot| day(lot.needed_by)),
    Column::more("external_id", Fit::Left, |lot| lot.external_id.clone().into()),
    Column::more("line", Fit::Left, |lot| lot.line.clone().into()),
    Column::new("why", Fit::Rest, |lot| lot.reason.clone().into()),
];
