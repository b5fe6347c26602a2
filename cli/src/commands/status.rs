//! `waybill status`: shows the state of everything on one screen.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use waybill_api::{AtRisk, FailingWebhook, Growth, PauseView, StatusView, WebhookLag};
use waybill_shared::domain::kinds::StepKind;
use waybill_shared::store::LotCount;

use crate::args;
use crate::client;
use crate::failure::Failure;
use crate::output::{self, Meaning, ago, cut, moment, paint, width, wrap};
use crate::target::Target;

/// The width of the labels.
const LABEL: usize = 11;

/// The most envelopes, causes and webhooks that are named.
const NAMED: usize = 3;

/// How long a webhook may be behind before it counts as late, in seconds.
const LATE: i64 = 30;

/// Money that may lapse within this many days is urgent.
const URGENT: i64 = 30;

pub(crate) async fn run(arguments: args::Status) -> Result<(), Failure> {
    let args::Status { single } = arguments;
    let status: StatusView = client::get(&Target::of(&single.data)?, "/v1/status").await?;
    if single.json {
        return output::json(&status);
    }
    output::data(&text(&status))
}

fn text(status: &StatusView) -> String {
    let name = status.coalition.as_deref().unwrap_or("no coalition yet: waybill import FOLDER");
    let now = moment(status.service.now);
    let name = cut(name, width().saturating_sub(now.len() + 2));
    let gap = width().saturating_sub(name.chars().count() + now.len());
    let mut page = Page { text: String::new() };
    let heading = paint(&name, Meaning::Head);
    page.text.push_str(&format!("{heading}{}{now}\n", " ".repeat(gap)));
    page.line("service", &service(status));
    for trouble in &status.service.troubles {
        page.line("trouble", &(trouble.what.clone(), Meaning::Bad));
    }
    let now = status.service.now;
    for process in status.service.processes.iter().filter(|process| process.is_there(now)) {
        for trouble in &process.troubles {
            let told = format!("{}: {}", process.name(), trouble.what);
            page.line("trouble", &(told, Meaning::Bad));
        }
    }
    for process in status.service.processes.iter().filter(|process| process.is_there(now)) {
        if let Some(apart) = process.clock_apart() {
            page.line("clock", &(format!("that of {} is {apart}", process.name()), Meaning::Warn));
        }
    }
    for paused in &status.service.paused {
        page.line("paused", &(stopped(paused), Meaning::Warn));
    }
    page.line("incidents", &incidents(status));
    page.line("needs you", &needed(&status.lots));
    for (i, (text, meaning)) in lapses(&status.at_risk).into_iter().enumerate() {
        page.line(if i == 0 { "lapses" } else { "" }, &(text, meaning));
    }
    page.line("calendar", &calendar(status));
    page.line("webhooks", &webhooks(status));
    if let Some(told) = log(&status.log) {
        page.line("log", &told);
    }
    page.text.push('\n');
    page.text.push_str(&places(&status.lots));
    page.text
}

struct Page {
    text: String,
}

impl Page {
    /// A line, which is continued below where it is too long: it may end in a command to type.
    fn line(&mut self, label: &str, (text, meaning): &(String, Meaning)) {
        for (i, part) in wrap(text, width().saturating_sub(LABEL)).into_iter().enumerate() {
            let label =
                paint(&format!("{:LABEL$}", if i == 0 { label } else { "" }), Meaning::Faint);
            self.text.push_str(&format!("{label}{}\n", paint(&part, *meaning)));
        }
    }
}

fn service(status: &StatusView) -> (String, Meaning) {
    let version = &status.service.version;
    match &status.service.leader {
        Some(_) => {
            let mut roles: BTreeMap<&str, usize> = BTreeMap::new();
            let there =
                status.service.processes.iter().filter(|one| one.is_there(status.service.now));
            there.for_each(|process| *roles.entry(&process.role).or_default() += 1);
            let there: Vec<String> =
                roles.iter().map(|(role, count)| format!("{count} {role}")).collect();
            // A single `serve` is the usual case and needs no mention.
            let is_one = there.is_empty() || there == ["1 serve"];
            let there = if is_one { String::new() } else { format!(": {}", there.join(", ")) };
            (format!("runs, version {version}{there}"), Meaning::Good)
        }
        None => {
            let there = status.service.processes.iter();
            let there = there.filter(|one| one.is_there(status.service.now)).count();
            let is_ill = !status.service.troubles.is_empty();
            let text = match there {
                _ if is_ill => "no work can be done: see `waybill doctor`".to_owned(),
                0 => "no process is running, so lots stand still: start `waybill serve`".to_owned(),
                _ => format!(
                    "{there} processes are running but none leads, so lots stand still: see \
                     `waybill doctor`"
                ),
            };
            (format!("{text} (version {version})"), Meaning::Warn)
        }
    }
}

/// What is paused, since when, by whom and why.
fn stopped(PauseView { what, pause }: &PauseView) -> String {
    // The reason comes first, because the rest may be cut.
    let why = if pause.reason.is_empty() { String::new() } else { format!(": {}", pause.reason) };
    format!("{what}{why} (by {}, {}; waybill unpause {what})", pause.by, ago(pause.since))
}

fn incidents(status: &StatusView) -> (String, Meaning) {
    let view = &status.incidents;
    let Some(first) = view.causes.first() else { return ("none".to_owned(), Meaning::Good) };
    let causes = match view.causes.len() {
        1 => "one cause".to_owned(),
        many => format!("{many} causes"),
    };
    let (parked, meaning) = match view.lots {
        0 => ("no lot is parked".to_owned(), Meaning::Warn),
        1 => ("1 lot is parked".to_owned(), Meaning::Bad),
        lots => (format!("{lots} lots are parked"), Meaning::Bad),
    };
    (format!("{parked}, {causes}: waybill incidents ({})", first.cause), meaning)
}

fn lots(count: i64) -> String {
    if count == 1 { "1 lot".to_owned() } else { format!("{count} lots") }
}

/// What the secretariat itself has to do.
fn needed(counts: &[LotCount]) -> (String, Meaning) {
    let waits = [
        ("approval", "to be approved"),
        ("terms", "whose changed terms are to be decided on"),
        ("release", "on hold"),
        ("offer", "without an offer that fits"),
    ];
    let of = |awaits: &str| -> i64 {
        let waiting = counts.iter().filter(|count| count.awaits.as_deref() == Some(awaits));
        waiting.map(|count| count.lots).sum()
    };
    let parts = waits.iter().map(|(awaits, what)| (of(awaits), what)).filter(|(many, _)| *many > 0);
    let parts: Vec<String> = parts.map(|(many, what)| format!("{} {what}", lots(many))).collect();
    match parts.len() {
        0 => (
            "nothing is on hold or to be approved; for the moves of others: waybill todo"
                .to_owned(),
            Meaning::Plain,
        ),
        _ => (format!("{}: waybill todo", parts.join(", ")), Meaning::Warn),
    }
}

fn lapses(at_risk: &[AtRisk]) -> Vec<(String, Meaning)> {
    if at_risk.is_empty() {
        return vec![("no money within 90 days".to_owned(), Meaning::Good)];
    }
    let line = |risk: &AtRisk| {
        let AtRisk { envelope, donors, unbound, obligate_by, days } = risk;
        let when = match days {
            ..0 => "is past".to_owned(),
            0 => "today".to_owned(),
            days => format!("in {days} d"),
        };
        let meaning = if *days <= URGENT { Meaning::Bad } else { Meaning::Warn };
        let donors = donors.join(", ");
        (format!("{obligate_by} {when}: {unbound} of {donors} ({envelope})"), meaning)
    };
    let mut lines: Vec<(String, Meaning)> = at_risk.iter().take(NAMED).map(line).collect();
    if at_risk.len() > NAMED {
        let more = format!("and {} more within 90 days", at_risk.len() - NAMED);
        lines.push((more, Meaning::Plain));
    }
    lines
}

fn calendar(status: &StatusView) -> (String, Meaning) {
    let fire = |fire: &waybill_api::NextFire| format!("{} {}", fire.name, ago(fire.next));
    let fires: Vec<String> = status.calendar.iter().map(fire).collect();
    match fires.len() {
        0 => ("the calendar is empty".to_owned(), Meaning::Plain),
        _ => (fires.join(", "), Meaning::Plain),
    }
}

fn webhooks(status: &StatusView) -> (String, Meaning) {
    let view = &status.webhooks;
    if view.failing.is_empty() {
        let late =
            view.behind.iter().filter(|lag| lag.seconds > LATE).max_by_key(|lag| lag.seconds);
        if let Some(WebhookLag { id, events, seconds }) = late {
            let text = format!("{id} is {events} events behind, {seconds} s");
            return (text, Meaning::Warn);
        }
        return match view.all {
            0 => ("there are none".to_owned(), Meaning::Plain),
            1 => ("the only one is delivered to".to_owned(), Meaning::Good),
            all => (format!("all {all} are delivered to"), Meaning::Good),
        };
    }
    let one = |hook: &FailingWebhook| match (hook.disabled, hook.since) {
        (true, _) => format!("{} is off", hook.id),
        (false, Some(since)) => format!("{} failing for {}", hook.id, ago(since)),
        (false, None) => format!("{}: {} given up", hook.id, hook.failed),
    };
    let named: Vec<String> = view.failing.iter().take(NAMED).map(one).collect();
    let count = format!("{} of {} are not delivered to", view.failing.len(), view.all);
    (format!("{count}: {}", named.join(", ")), Meaning::Bad)
}

/// The present and the expected size of the log. `None` means that it is too young to tell.
fn log(log: &Growth) -> Option<(String, Meaning)> {
    let Growth { events, bytes, month, in_a_year, archived_before, due_since, begun } = log;
    if let Some(number) = begun {
        let text = format!("archive {number} is not finished: run `waybill archive`");
        return Some((text, Meaning::Warn));
    }
    let (month, in_a_year) = month.zip(*in_a_year)?;
    let [events, month] = [*events, month].map(|events| output::grouped(events.unsigned_abs()));
    let [now, then] = [*bytes, in_a_year].map(|bytes| output::size(bytes.unsigned_abs()));
    let mut text = format!("{events} events, {now}; {month} a month: {then} in a year");
    if let Some(day) = archived_before {
        text.push_str(&format!("; archived before {day}"));
    }
    if let Some(since) = due_since {
        return Some((
            format!("{text}; to be archived since {since}: `waybill archive`"),
            Meaning::Warn,
        ));
    }
    Some((text, Meaning::Plain))
}

/// Where lots are: one row for each step and state. Lots that have ended are grouped.
fn places(counts: &[LotCount]) -> String {
    let (open, ended): (Vec<&LotCount>, Vec<&LotCount>) =
        counts.iter().partition(|count| count.step.is_some());
    let mut open: Vec<&LotCount> = open;
    let place = |count: &LotCount| {
        let steps = StepKind::NAMES;
        steps.iter().position(|step| Some(*step) == count.step.as_deref())
    };
    open.sort_by_key(|count| place(count));
    let row = |count: &&LotCount| {
        let state = match &count.awaits {
            Some(awaits) => format!("waits: {awaits}"),
            None => count.state.replace('_', " "),
        };
        let oldest = count.oldest.map(age).unwrap_or_default();
        vec![count.step.clone().unwrap_or_default(), state, count.lots.to_string(), oldest]
    };
    let mut rows: Vec<Vec<String>> = open.iter().map(row).collect();
    let ended_row = |count: &&LotCount| {
        vec!["(ended)".to_owned(), count.state.clone(), count.lots.to_string(), String::new()]
    };
    rows.extend(ended.iter().map(ended_row));
    if rows.is_empty() {
        return "no lots\n".to_owned();
    }
    // Numbers are aligned.
    let wide = rows.iter().map(|row| row[2].len()).max().unwrap_or(0).max("LOTS".len());
    for row in &mut rows {
        row[2] = format!("{:>wide$}", row[2]);
    }
    let head = format!("{:>wide$}", "LOTS");
    output::table(&["STEP", "STATE", &head, "OLDEST"], &rows)
}

/// The age. It is not exact below an hour, because counts are kept by the hour.
fn age(oldest: DateTime<Utc>) -> String {
    if Utc::now() - oldest < TimeDelta::hours(1) { "< 1 h".to_owned() } else { ago(oldest) }
}
