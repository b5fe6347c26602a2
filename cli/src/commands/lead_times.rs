//! `waybill lead-times`: shows how long things take.

use waybill_api::lead_times::LeadTime;

use crate::args::{self, By};
use crate::client;
use crate::failure::Failure;
use crate::output::{self, Column, Fit};
use crate::target::Target;

pub(crate) async fn run(arguments: args::LeadTimes) -> Result<(), Failure> {
    let by = match arguments.by {
        By::Step => "step",
        By::Category => "category",
        By::Supplier => "supplier",
    };
    let path = format!("/v1/lead-times?by={by}&monthly={}", arguments.month);
    let times: Vec<LeadTime> = client::get(&Target::of(&arguments.data)?, &path).await?;
    let nothing = "nothing is complete yet";
    if arguments.month {
        return output::listing(&arguments.form, &MONTHLY, &times, nothing);
    }
    output::listing(&arguments.form, &COLUMNS, &times, nothing)
}

const NAME: Column<LeadTime> = Column::new("name", Fit::Left, |time| time.name.clone().into());
const MONTH: Column<LeadTime> = Column::new("month", Fit::Left, |time| {
    time.month.clone().unwrap_or_else(|| "all".to_owned()).into()
});
const LOTS: Column<LeadTime> = Column::new("lots", Fit::Right, |time| time.lots.to_string().into());
const MEDIAN: Column<LeadTime> =
    Column::new("median_days", Fit::Right, |time| time.median_days.to_string().into());
const P90: Column<LeadTime> =
    Column::new("p90_days", Fit::Right, |time| time.p90_days.to_string().into());

const COLUMNS: [Column<LeadTime>; 4] = [NAME, LOTS, MEDIAN, P90];
const MONTHLY: [Column<LeadTime>; 5] = [NAME, MONTH, LOTS, MEDIAN, P90];
