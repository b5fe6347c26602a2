//! `waybill show ID`: shows one subject, its money, and everything that happened to it.

use chrono::{DateTime, NaiveDate, Utc};
use waybill_api::{Entry, Shown};
use waybill_shared::domain::contribution::Firmness;
use waybill_shared::domain::order::OrderStatus;
use waybill_shared::views::{ContributionView, EnvelopeView, OrderView};

use crate::args;
use crate::client::{self, escape};
use crate::failure::Failure;
use crate::output::{self, Meaning};
use crate::target::Target;

pub(crate) async fn run(arguments: args::Show) -> Result<(), Failure> {
    if arguments.id.is_empty() {
        let hint = "`waybill lots` lists the lots there are";
        return Err(Failure::caller("no id was given", hint));
    }
    let path = format!("/v1/show/{}", escape(&arguments.id));
    let shown: Shown = client::get(&Target::of(&arguments.data)?, &path).await?;
    if arguments.json {
        return output::json(&shown);
    }
    output::data(&text(&shown))?;
    Ok(())
}

fn text(shown: &Shown) -> String {
    let mut text = format!("{}\n", output::paint(&shown.id, Meaning::Head));
    let wide = shown.facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let room = output::width().saturating_sub(wide + 4).max(20);
    for (name, value) in &shown.facts {
        for (i, part) in output::wrap(&readable(value), room).into_iter().enumerate() {
            let name = if i == 0 { name.as_str() } else { "" };
            text.push_str(format!("  {name:wide$}  {part}").trim_end());
            text.push('\n');
        }
    }
    if !shown.envelopes.is_empty() {
        text.push_str(&heading("Gives"));
        shown.envelopes.iter().for_each(|view| text.push_str(&envelope(view)));
    }
    if !shown.orders.is_empty() {
        text.push_str(&heading("Orders"));
        let rows: Vec<Vec<String>> = shown.orders.iter().map(order).collect();
        let head = ["  ORDER", "DRAWN UP", "LINES", "STATUS", "TOTAL"];
        text.push_str(&output::table(&head, &rows));
    }
    if !shown.timeline.is_empty() {
        text.push('\n');
        let rows: Vec<Vec<String>> = shown.timeline.iter().map(happened).collect();
        text.push_str(&output::wrapped_table(&["WHEN", "WHO", "WHAT", "WHY"], &rows));
    }
    text
}

fn heading(text: &str) -> String {
    format!("\n{}\n", output::paint(text, Meaning::Head))
}

/// Formats a value for people. Times and days get their distance from now.
fn readable(value: &str) -> String {
    if let Ok(at) = DateTime::parse_from_rfc3339(value) {
        let at = at.to_utc();
        return format!("{} ({})", output::moment(at), from_now(at));
    }
    match value.parse::<NaiveDate>() {
        Ok(day) => told_day(day),
        Err(_) => value.to_owned(),
    }
}

fn told_day(day: NaiveDate) -> String {
    // In whole days, like all deadlines.
    let days = (day - output::day(Utc::now())).num_days();
    let far = match days.abs() {
        0 => return format!("{day} (today)"),
        days @ ..730 => format!("{days} d"),
        days => format!("{} y", days / 365),
    };
    if days > 0 { format!("{day} (in {far})") } else { format!("{day} ({far} ago)") }
}

fn from_now(at: DateTime<Utc>) -> String {
    let far = output::ago(at);
    if far == "now" || far.starts_with("in ") { far } else { format!("{far} ago") }
}

fn happened(entry: &Entry) -> Vec<String> {
    let what = entry.kind.split_once('.').map_or(entry.kind.as_str(), |(_, what)| what);
    let why = if entry.reason.is_empty() { &entry.state } else { &entry.reason };
    vec![
        output::moment(entry.at),
        output::cut(&entry.actor, 17),
        what.replace('_', " "),
        why.clone(),
    ]
}

fn order(order: &OrderView) -> Vec<String> {
    let status = match order.status {
        OrderStatus::AwaitingApproval => "to be approved",
        OrderStatus::Issued => "issued",
        OrderStatus::Sent => "sent",
        OrderStatus::Changed => "changed, to be decided",
        OrderStatus::Accepted => "accepted",
        OrderStatus::Cancelled => "cancelled",
        OrderStatus::Refused => "refused",
        OrderStatus::Completed => "completed",
    };
    vec![
        format!("  {}", order.number),
        output::day(order.created).to_string(),
        order.lines.len().to_string(),
        status.to_owned(),
        order.total.map(|total| total.to_string()).unwrap_or_default(),
    ]
}

/// What a donor gives, and what became of each part of it.
fn envelope(view: &ContributionView) -> String {
    let given = &view.contribution;
    let mut about = vec![match (given.firmness, given.in_kind.as_slice()) {
        (Firmness::Pledge, _) => format!("{}  pledge", given.id),
        (Firmness::Commitment, []) => format!("{}  commitment", given.id),
        (Firmness::Commitment, _) => format!("{}  in kind", given.id),
    }];
    if given.donors.len() > 1 {
        about.push(format!("with all of {}", given.donors.join(", ")));
    }
    if view.envelope.is_none() {
        about.push(match given.amount {
            Some(amount) => amount.to_string(),
            None if given.in_kind.is_empty() => "no amount".to_owned(),
            None => given.in_kind.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        });
    }
    let mut text = String::new();
    for (i, line) in output::wrap(&about.join(", "), output::width() - 6).iter().enumerate() {
        text.push_str(&format!("{}{line}\n", if i == 0 { "  " } else { "      " }));
    }
    let ends = [("bind by", given.obligate_by), ("pay by", given.pay_by)];
    let ends = ends.into_iter().filter_map(|(what, by)| Some(format!("{what} {}", told_day(by?))));
    let ends: Vec<String> = ends.collect();
    if !ends.is_empty() {
        text.push_str(&format!("    {}\n", ends.join(", ")));
    }
    view.envelope.iter().for_each(|envelope| text.push_str(&amounts(envelope)));
    text
}

/// The parts of an envelope, two on a line.
fn amounts(envelope: &EnvelopeView) -> String {
    let parts = [
        ("committed", envelope.committed),
        ("set aside", envelope.allocated),
        ("opened", envelope.opened),
        ("contracted", envelope.obligated),
        ("expired", envelope.expired),
        ("paid", envelope.disbursed),
        ("left", envelope.left),
        ("overrun", envelope.overrun),
    ];
    let told = parts.map(|(name, amount)| format!("{name:<10} {:>20}", amount.to_string()));
    told.chunks(2).map(|pair| format!("    {}\n", pair.join("     "))).collect()
}
