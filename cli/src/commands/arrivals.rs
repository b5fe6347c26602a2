//! `waybill arrivals`: lists expected deliveries, late ones first.

use waybill_api::{Arrival, ArrivalPage};

use crate::args;
use crate::client::{self, escape};
use crate::failure::Failure;
use crate::output::{self, Cell, Column, Fit, Meaning};
use crate::report::paper::quantity;
use crate::target::Target;

pub(crate) async fn run(arguments: args::Arrivals) -> Result<(), Failure> {
    let mut path = format!("/v1/arrivals?days={}&limit={}", arguments.next, arguments.limit);
    let filters = [("requester", &arguments.requester), ("supplier", &arguments.supplier)];
    for (name, value) in filters {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", escape(value)));
        }
    }
    if let Some(day) = arguments.on {
        path.push_str(&format!("&on={day}"));
    }
    let page: ArrivalPage = client::get(&Target::of(&arguments.data)?, &path).await?;
    let nothing = format!("nothing is late or due within {} days", arguments.next);
    output::listing(&arguments.form, &COLUMNS, &page.items, &nothing)?;
    if page.next.is_some() {
        output::talk(&format!("more than {} are found: raise --limit", arguments.limit));
    }
    Ok(())
}

fn when(arrival: &Arrival) -> Cell {
    let (text, meaning) = match arrival.days {
        ..0 => (format!("{} d late", -arrival.days), Meaning::Bad),
        0 => ("today".to_owned(), Meaning::Warn),
        days => (format!("in {days} d"), Meaning::Plain),
    };
    Cell::from(text).raw(arrival.days.to_string()).meaning(meaning)
}

const COLUMNS: [Column<Arrival>; 15] = [
    Column::new("due", Fit::Left, |arrival| arrival.due.to_string().into()),
    Column::new("when", Fit::Right, when),
    Column::new("lot", Fit::Left, |arrival| arrival.lot.to_string().into()),
    Column::new("quantity", Fit::Right, |arrival| {
        Cell::from(quantity(&arrival.quantity, &arrival.unit)).raw(arrival.quantity.clone())
    }),
    Column::new("item", Fit::Rest, |arrival| arrival.item.clone().into()),
    Column::new("supplier", Fit::Left, |arrival| arrival.supplier.clone().into()),
    Column::new("consignee", Fit::Left, |arrival| arrival.consignee.clone().into()),
    Column::more("order", Fit::Left, |arrival| arrival.order.clone().into()),
    Column::more("line", Fit::Left, |arrival| arrival.line.clone().into()),
    Column::more("requester", Fit::Left, |arrival| arrival.requester.clone().into()),
    Column::more("rank", Fit::Left, |arrival| {
        format!("{}/{}", arrival.priority.class, arrival.priority.rank).into()
    }),
    Column::more("unit", Fit::Left, |arrival| arrival.unit.clone().into()),
    Column::more("shipped", Fit::Right, |arrival| arrival.shipped.clone().into()),
    Column::more("needed_by", Fit::Left, |arrival| {
        arrival.needed_by.map(|day| day.to_string()).unwrap_or_default().into()
    }),
    Column::more("chased", Fit::Right, |arrival| arrival.chased.to_string().into()),
];
