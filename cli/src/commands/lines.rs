//! `waybill lines`.

use waybill_shared::domain::requisition::Kind;
use waybill_shared::import::unambiguous;
use waybill_shared::views::{LinePage, LineState, LineView};

use super::lots::{PAGE, asked_for};
use crate::args;
use crate::client::{Client, Query};
use crate::failure::Failure;
use crate::output::{self, Cell, Column, Fit};
use crate::target::Target;

/// Lists lines, from as many pages as necessary.
pub(crate) async fn run(arguments: args::Lines) -> Result<(), Failure> {
    let mut query = Query::new("/v1/lines");
    asked_for(&mut query, &arguments.asked);
    query.add("open", Some(true).filter(|_| arguments.open));
    query.add("sort", Some(&arguments.sort).filter(|sort| *sort != "id"));
    let wanted = if arguments.many.all { u64::MAX } else { arguments.many.limit };
    let (lines, more) = Client::with(&Target::of(&arguments.data)?, async |client| {
        let (mut lines, mut cursor): (Vec<LineView>, Option<String>) = (Vec::new(), None);
        loop {
            let left = wanted - lines.len() as u64;
            let page: LinePage = client.get(&query.page(left.min(PAGE), cursor.as_deref())).await?;
            lines.extend(page.items);
            cursor = page.next;
            if cursor.is_none() || lines.len() as u64 >= wanted {
                return Ok((lines, cursor.is_some()));
            }
        }
    })
    .await?;
    output::listing(&arguments.form, &COLUMNS, &lines, "no lines")?;
    if more {
        output::talk("more with a higher --limit, or --all");
    }
    let is_foreseen = |line: &LineView| {
        let waits = |state: &LineState| NOT_ORDERED.contains(&state.state.as_str());
        line.expected.is_none() && line.states.iter().any(waits)
    };
    if lines.iter().any(is_foreseen) && arguments.form.is_table() {
        let of = arguments.asked.requester.as_deref().unwrap_or("NAME");
        output::talk(&format!(
            "for the forecast of lines that are not ordered: waybill report requester {of}"
        ));
    }
    Ok(())
}

/// What lots wait for that are not ordered yet.
const NOT_ORDERED: [&str; 8] =
    ["ready", "review", "funding", "offer", "consent", "acceptance", "gathering", "amendment"];

/// As CSV, these columns contain every field of a requisition row under its name, so that the
/// listing can be corrected and imported again. The reader knows the other names and skips them.
const COLUMNS: [Column<LineView>; 24] = [
    Column::new("line", Fit::Left, |line| line.external_id.clone().into()),
    Column::more("id", Fit::Left, |line| line.id.clone().into()),
    Column::new("rank", Fit::Left, |line| {
        let rank = format!("{}/{}", line.priority.class, line.priority.rank);
        Cell::from(rank).raw(line.priority.rank.to_string())
    }),
    Column::more("class", Fit::Right, |line| line.priority.class.to_string().into()),
    Column::more("external_id", Fit::Left, |line| line.external_id.clone().into()),
    Column::more("requester", Fit::Left, |line| line.requester.clone().into()),
    Column::new("item", Fit::Rest, |line| line.item.clone().into()),
    Column::more("description", Fit::Left, |line| line.description.clone().into()),
    Column::more("kind", Fit::Left, |line| kind(line.kind).into()),
    Column::more("classification", Fit::Left, |line| line.classification.clone().into()),
    Column::more("scheme", Fit::Left, |line| line.scheme.clone().into()),
    Column::new("quantity", Fit::Right, |line| number(&line.quantity)),
    Column::more("unit", Fit::Left, |line| line.unit.clone().into()),
    Column::more("unit_estimate", Fit::Right, |line| {
        line.unit_estimate.map_or_else(Cell::default, |money| number(&money.decimal()))
    }),
    Column::more("currency", Fit::Left, |line| {
        line.unit_estimate.map(|money| money.currency.to_string()).unwrap_or_default().into()
    }),
    Column::more("requested", Fit::Left, |line| line.requested.to_string().into()),
    Column::more("needed_by", Fit::Left, |line| day(line.needed_by)),
    Column::more("consignee", Fit::Left, |line| line.consignee.clone().into()),
    Column::more("smallest_lot", Fit::Right, |line| {
        line.smallest_lot.as_deref().map_or_else(Cell::default, number)
    }),
    Column::more("together", Fit::Left, |line| line.together.clone().unwrap_or_default().into()),
    Column::more("tolerance_per_mille", Fit::Right, |line| {
        line.tolerance_per_mille.to_string().into()
    }),
    Column::more("source", Fit::Left, |line| line.source.clone().into()),
    Column::new("arrives", Fit::Left, |line| day(line.expected)),
    Column::new("lots", Fit::Rest, |line| {
        let states = line.states.iter().map(|state| format!("{} {}", state.lots, state.state));
        states.collect::<Vec<_>>().join(", ").into()
    }),
];

fn day(day: Option<chrono::NaiveDate>) -> Cell {
    day.map(|day| day.to_string()).unwrap_or_default().into()
}

/// A number. In CSV it is written so that it has only one reading.
fn number(number: &str) -> Cell {
    Cell::from(number).raw(unambiguous(number))
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Goods => "goods",
        Kind::Licence => "licence",
        Kind::Service => "service",
    }
}
