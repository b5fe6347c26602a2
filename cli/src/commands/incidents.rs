//! `waybill incidents`.

use waybill_api::IncidentView;

use crate::args;
use crate::client;
use crate::failure::Failure;
use crate::output::{self, Cell, Column, Fit, Meaning};
use crate::target::Target;

pub(crate) async fn run(arguments: args::Incidents) -> Result<(), Failure> {
    let args::Incidents { listing } = arguments;
    let views: Vec<IncidentView> =
        client::get(&Target::of(&listing.data)?, "/v1/incidents").await?;
    output::listing(&listing.form, &COLUMNS, &views, "no incidents")
}

const COLUMNS: [Column<IncidentView>; 8] = [
    Column::new("cause", Fit::Rest, |view| Cell::from(view.cause.clone()).meaning(Meaning::Bad)),
    Column::new("step", Fit::Left, |view| view.step.clone().unwrap_or_default().into()),
    Column::new("lots", Fit::Right, |view| view.lots.to_string().into()),
    Column::new("since", Fit::Right, |view| {
        let raw = view.since.map(|since| since.to_rfc3339()).unwrap_or_default();
        Cell::from(view.since.map(output::ago).unwrap_or_default()).raw(raw)
    }),
    Column::new("first", Fit::Left, |view| {
        let lots = view.first.iter().map(ToString::to_string);
        let all: Vec<String> = lots.chain(view.records.iter().cloned()).collect();
        Cell::from(all.first().cloned().unwrap_or_default()).raw(all.join(" "))
    }),
    Column::more("records", Fit::Left, |view| view.records.join(" ").into()),
    Column::more("subjects", Fit::Left, |view| view.subjects.join(" ").into()),
    Column::more("how", Fit::Rest, |view| view.how.clone().into()),
];
