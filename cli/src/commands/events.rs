//! `waybill events`: prints the feed as readable lines, or as one JSON document a line.

use std::cell::Cell;
use std::time::Duration;

use waybill_api::EventPage;
use waybill_shared::feed::{CloudEvent, EventData};

use crate::args;
use crate::client::{Client, escape};
use crate::failure::Failure;
use crate::output;
use crate::signals::Signals;
use crate::target::Target;

/// How many events are shown by default.
const LAST: u32 = 20;

/// How many events are requested at once.
const PAGE: u32 = 500;

/// How long the service is asked to wait for an event, in seconds.
const WAIT: u32 = 20;

/// The pause between two requests if there is no service that can wait, or it does not answer.
const PAUSE: Duration = Duration::from_millis(300);

/// How many requests in a row may fail while a service restarts.
const PATIENCE: u32 = 40;

/// Prints events until there are no more, or until Ctrl-C.
pub(crate) async fn run(arguments: args::Events) -> Result<(), Failure> {
    let target = Target::of(&arguments.data)?;
    let mut told = Signals::listen()?;
    let position = Cell::new(None);
    let ended = tokio::select! {
        done = read(&arguments, &target, &position) => {
            if done.is_ok() && !arguments.follow {
                return Ok(());
            }
            done
        }
        () = told.wait() => Ok(()),
    };
    if let Some(position) = position.get() {
        output::talk(&format!("up to position {position}; continue with --after {position}"));
    }
    ended
}

async fn read(
    arguments: &args::Events,
    target: &Target,
    position: &Cell<Option<i64>>,
) -> Result<(), Failure> {
    let told = async |client: &Client| beginning(arguments, client, position).await;
    let is_read = Client::with(target, told).await?;
    if is_read && arguments.follow { follow(arguments, target, position).await } else { Ok(()) }
}

/// Prints the events that exist already. Returns false if the reader has gone away.
async fn beginning(
    arguments: &args::Events,
    client: &Client,
    position: &Cell<Option<i64>>,
) -> Result<bool, Failure> {
    client.settle().await?;
    let mut left = arguments.limit;
    let Some(after) = arguments.after else {
        let last = left.unwrap_or(LAST);
        let page: EventPage = client.get(&path(arguments, &format!("last={last}"))).await?;
        if page.events.is_empty() && !arguments.follow {
            output::talk("no events");
        }
        return print(arguments, &page, position);
    };
    loop {
        let limit = left.map_or(PAGE, |left| left.min(PAGE));
        let from = position.get().unwrap_or(after);
        let asked = format!("after={from}&limit={limit}");
        let page: EventPage = client.get(&path(arguments, &asked)).await?;
        if !print(arguments, &page, position)? {
            return Ok(false);
        }
        let found = u32::try_from(page.events.len()).unwrap_or(u32::MAX);
        left = left.map(|left| left.saturating_sub(found));
        if left == Some(0) || page.position == from {
            return Ok(true);
        }
    }
}

/// Prints new events. If a service ends, this waits for it to restart, or goes on without it.
async fn follow(
    arguments: &args::Events,
    target: &Target,
    position: &Cell<Option<i64>>,
) -> Result<(), Failure> {
    let mut failures = 0;
    loop {
        match look(arguments, target, position.get().unwrap_or(0)).await {
            Ok(page) => {
                failures = 0;
                if !print(arguments, &page, position)? {
                    return Ok(());
                }
            }
            Err(failure) if failures >= PATIENCE || target.server.is_some() => return Err(failure),
            Err(_) => {
                failures += 1;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn look(arguments: &args::Events, target: &Target, after: i64) -> Result<EventPage, Failure> {
    let client = Client::of(target).await?;
    let wait = if matches!(client, Client::Local(_)) { 0 } else { WAIT };
    let asked = format!("after={after}&limit={PAGE}&wait={wait}");
    let page: Result<EventPage, Failure> = client.get(&path(arguments, &asked)).await;
    client.close().await;
    if wait == 0 {
        // The data folder is free during the pause, because others may need it.
        tokio::time::sleep(PAUSE).await;
    }
    page
}

fn path(arguments: &args::Events, asked: &str) -> String {
    let mut path = format!("/v1/events?{asked}");
    if !arguments.kinds.is_empty() {
        path.push_str(&format!("&kinds={}", escape(&arguments.kinds.join(","))));
    }
    if let Some(subject) = &arguments.subject {
        path.push_str(&format!("&subject={}", escape(subject)));
    }
    path
}

/// Prints a page of events. Returns false if the reader has gone away.
fn print(
    arguments: &args::Events,
    page: &EventPage,
    position: &Cell<Option<i64>>,
) -> Result<bool, Failure> {
    for event in &page.events {
        let line = if arguments.json { output::compact(event)? } else { line(event) };
        if !output::stream(&format!("{line}\n"))? {
            return Ok(false);
        }
        position.set(Some(event.position));
    }
    position.set(Some(page.position));
    Ok(true)
}

/// Formats an event as one line: position, time, subject, kind, actor, and reason.
fn line(event: &CloudEvent) -> String {
    let kind = event.kind.strip_prefix("waybill.").unwrap_or(&event.kind);
    let (at, position) = (output::moment(event.time), event.position);
    // If the kind of event names the kind of subject, the id is enough.
    let subject = match event.subject.split_once(':') {
        Some((of, id)) if of.starts_with(kind.split('.').next().unwrap_or_default()) => id,
        Some(_) | None => &event.subject,
    };
    let actor = &event.data.actor;
    let why = match why(&event.data) {
        why if why.is_empty() => actor.clone(),
        why => format!("{actor}: {why}"),
    };
    let line = format!("{position:>7}  {at}  {subject:<8}  {kind:<18}  {why}");
    output::cut(&line, output::width())
}

/// The reason of an event, or else the new state.
fn why(data: &EventData) -> String {
    if let Some(lot) = &data.lot {
        return match (&lot.reason, &lot.awaits) {
            (reason, _) if !reason.is_empty() => reason.clone(),
            (_, Some(awaits)) => format!("waits for {awaits}"),
            (_, None) => lot.state.replace('_', " "),
        };
    }
    if let Some(line) = &data.line {
        return format!("{}, {} of {}", line.external_id, line.quantity, line.item);
    }
    if let Some(order) = &data.order {
        let total = order.total.map(|total| format!(", {total}")).unwrap_or_default();
        return format!("{}{total}", order.supplier);
    }
    if let Some(given) = &data.contribution {
        let amount = given.amount.map(|amount| amount.to_string()).unwrap_or_default();
        return format!("{} {amount}", given.donors.join(", ")).trim_end().to_owned();
    }
    String::new()
}
