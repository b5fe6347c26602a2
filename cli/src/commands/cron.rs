//! `waybill cron`: lists recurring jobs and their next runs, and runs one by hand.

use chrono::{DateTime, Utc};
use waybill_api::{CalendarEntry, Coming, FireAsked, FireRequest};

use crate::args;
use crate::client::{self, Client, escape};
use crate::failure::Failure;
use crate::output::{self, Cell, Column, Fit, Meaning};
use crate::target::Target;

/// Runs the subcommand.
pub(crate) async fn run(arguments: args::Cron) -> Result<(), Failure> {
    match arguments {
        args::Cron::List(listing) => {
            let target = Target::of(&listing.data)?;
            let entries: Vec<CalendarEntry> = client::get(&target, "/v1/cron").await?;
            output::listing(&listing.form, &ENTRIES, &entries, NOTHING)
        }
        args::Cron::Next(next) => {
            let target = Target::of(&next.listing.data)?;
            let path = format!("/v1/cron/next?count={}", next.count);
            let coming: Vec<Coming> = client::get(&target, &path).await?;
            output::listing(&next.listing.form, &COMING, &coming, NOTHING)
        }
        args::Cron::Run(run) => fire(run).await,
    }
}

const NOTHING: &str = "the calendar is empty: see [[cron]] in pipeline.toml";

fn at(at: Option<DateTime<Utc>>) -> Cell {
    let raw = at.map(|at| at.to_rfc3339()).unwrap_or_default();
    Cell::from(at.map(output::moment).unwrap_or_default()).raw(raw)
}

const ENTRIES: [Column<CalendarEntry>; 9] = [
    Column::new("name", Fit::Left, |entry| entry.name.clone().into()),
    Column::new("at", Fit::Left, |entry| entry.at.clone().into()),
    Column::new("last", Fit::Left, |entry| at(entry.last)),
    Column::new("next", Fit::Left, |entry| match &entry.asked {
        Some(asked) => Cell::from("now").raw(asked.at.to_rfc3339()).meaning(Meaning::Way),
        None => at(entry.next),
    }),
    Column::new("zone", Fit::Rest, |entry| entry.zone.clone().into()),
    Column::more("act", Fit::Left, |entry| entry.act.name().into()),
    Column::more("runs", Fit::Right, |entry| entry.runs.to_string().into()),
    Column::more("missed", Fit::Right, |entry| entry.missed.to_string().into()),
    Column::more("asked_by", Fit::Left, |entry| {
        entry.asked.as_ref().map(|asked| asked.by.clone()).unwrap_or_default().into()
    }),
];

const COMING: [Column<Coming>; 4] = [
    Column::new("at", Fit::Left, |fire| at(Some(fire.at))),
    Column::new("when", Fit::Left, |fire| output::ago(fire.at).into()),
    Column::new("name", Fit::Left, |fire| fire.name.clone().into()),
    Column::new("act", Fit::Left, |fire| fire.act.name().into()),
];

async fn fire(run: args::CronRun) -> Result<(), Failure> {
    let args::CronRun { name, reason, dry_run, single } = run;
    let target = Target::of(&single.data)?;
    if name.is_empty() || name.contains('/') {
        let hint = "`waybill cron list` lists the entries there are";
        return Err(Failure::caller(format!("no calendar entry `{name}`"), hint));
    }
    if dry_run {
        return try_fire(&target, &name, single.json).await;
    }
    let path = format!("/v1/cron/{}/run", escape(&name));
    let (done, is_alone): (FireAsked, bool) = Client::with(&target, async |client| {
        let done = client.post(&path, &FireRequest { reason }).await?;
        Ok((done, matches!(client, Client::Local(_)) && target.is_for_one()))
    })
    .await?;
    if single.json {
        return output::json(&done);
    }
    if is_alone {
        output::talk(
            "no `waybill serve` is running on this data: the entry runs once it is started",
        );
    }
    let FireAsked { name, asked, is_new } = done;
    if is_new {
        return output::data(&format!("{name} is due now\n"));
    }
    let why = if asked.reason.is_empty() { String::new() } else { format!(": {}", asked.reason) };
    let when = output::moment(asked.at);
    output::data(&format!(
        "{name} is already due, requested by {} at {when}{why}; nothing changes\n",
        asked.by
    ))
}

/// Shows what a run would do.
async fn try_fire(target: &Target, name: &str, json: bool) -> Result<(), Failure> {
    let entries: Vec<CalendarEntry> = client::get(target, "/v1/cron").await?;
    let Some(entry) = entries.iter().find(|entry| entry.name == name) else {
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let hint = format!("there are: {}", names.join(", "));
        return Err(Failure::caller(format!("no calendar entry `{name}`"), hint));
    };
    if json {
        return output::json(entry);
    }
    output::data(&match &entry.asked {
        Some(asked) => format!("{name} is already due, requested by {}\n", asked.by),
        None => format!("{name} would be due now and run its job `{}` once\n", entry.act.name()),
    })
}
