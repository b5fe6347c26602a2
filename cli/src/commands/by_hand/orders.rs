//! `waybill order` and `claim`.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use waybill_shared::domain::command::Command;
use waybill_shared::domain::document::{Content, LineAnswer, ResponseLine};
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::money::Money;
use waybill_shared::domain::order::TermsDecision;
use waybill_shared::domain::price::Price;
use waybill_shared::views::{OrderLineView, OrderView};

use super::documents::{hand_in, lot_id, order_view};
use super::{Picked, Verb, act};
use crate::args;
use crate::client::Client;
use crate::failure::Failure;
use crate::target::Target;

pub(crate) async fn order(order: args::Order) -> Result<(), Failure> {
    let (verb, command, on) = match order {
        args::Order::Respond(respond) => return respond_to(respond).await,
        args::Order::Approve(on) => {
            (("approve", "approved"), Command::Approve { approved: true }, on)
        }
        args::Order::Disapprove(on) => {
            (("disapprove", "not approved"), Command::Approve { approved: false }, on)
        }
        args::Order::Accept(terms) => return decide(terms, TermsDecision::Accept).await,
        args::Order::Rematch(terms) => return decide(terms, TermsDecision::Rematch).await,
        args::Order::Reject(terms) => return decide(terms, TermsDecision::Reject).await,
        args::Order::Cancel(args::CancelOrder { on, lots }) => {
            if !lots.is_empty() && on.ids.len() > 1 {
                let message = "lots can be named for one order only";
                return Err(Failure::caller(message, "name only one order when you use --lot"));
            }
            let lots = named_lots(&lots, false)?;
            (("cancel", "cancelled"), Command::CancelOrder { lots }, on)
        }
        args::Order::Change(change) => {
            let command = Command::ChangeOrder { lots: named_lots(&change.lots, true)? };
            let verb = Verb::new("ask for a change of", "asked to be changed", "order");
            return act(verb, command, Picked::Ids(&[change.order]), &change.how).await;
        }
    };
    act(Verb::new(verb.0, verb.1, "order"), command, Picked::Ids(&on.ids), &on.how).await
}

/// Answers terms that a supplier has changed.
async fn decide(terms: args::DecideTerms, decision: TermsDecision) -> Result<(), Failure> {
    let args::DecideTerms { on, lots } = terms;
    if !lots.is_empty() && on.ids.len() > 1 {
        let message = "lots can be named for one order only";
        return Err(Failure::caller(message, "name only one order when you use --lot"));
    }
    let lots = lots.iter().map(|lot| lot_id(lot)).collect::<Result<_, _>>()?;
    let (verb, done) = match decision {
        TermsDecision::Accept => ("accept the terms of", "accepted"),
        TermsDecision::Rematch => ("match again", "matched again"),
        TermsDecision::Reject => ("reject the terms of", "rejected"),
    };
    let command = Command::DecideTerms { decision, lots };
    act(Verb::new(verb, done, "order"), command, Picked::Ids(&on.ids), &on.how).await
}

/// Parses lots with quantities. Unless `is_needed`, the quantity can be left out.
fn named_lots(given: &[String], is_needed: bool) -> Result<BTreeMap<String, String>, Failure> {
    let mut lots = BTreeMap::new();
    for text in given {
        let (lot, quantity) = match text.split_once('=') {
            Some((lot, quantity)) if !quantity.trim().is_empty() => (lot, quantity.trim()),
            None if !is_needed => (text.as_str(), ""),
            Some(_) | None => {
                let message = format!("`{text}` is not LOT=QUANTITY");
                return Err(Failure::caller(message, "write it as LOT-7K2=12"));
            }
        };
        if lots.insert(lot_id(lot.trim())?.to_string(), quantity.to_owned()).is_some() {
            let message = format!("{lot} is named twice");
            return Err(Failure::caller(message, "name each lot once"));
        }
    }
    Ok(lots)
}

pub(crate) async fn claim(claim: args::Claim) -> Result<(), Failure> {
    if claim.how.reason.trim().is_empty() {
        return Err(Failure::caller("a claim needs a reason", "give it with --reason TEXT"));
    }
    let amount = claim.amount.as_deref().map(money).transpose()?;
    let verb = Verb::new("claim on", "claimed on", "order");
    act(verb, Command::Claim { amount }, Picked::Ids(&[claim.order]), &claim.how).await
}

/// Reads an amount with its currency.
pub(super) fn money(text: &str) -> Result<Money, Failure> {
    text.parse().map_err(|error| {
        Failure::caller(format!("`{text}`: {error}"), "write it as `EUR 1,250.50` or `5M EUR`")
    })
}

async fn respond_to(respond: args::Respond) -> Result<(), Failure> {
    let target = Target::of(&respond.how.data)?;
    Client::with(&target, async |client| {
        let order = order_view(client, &respond.order).await?;
        let content = match &respond.change {
            Some(change) => change_response(&order, change, &respond)?,
            None => response(&order, &respond)?,
        };
        let number = respond.document.number.as_deref();
        let done = format!("the response to {} is recorded", order.number);
        hand_in(client, &order.supplier, number, content, &respond.how, &done).await
    })
    .await
}

/// The supplier's answer to an order change. It applies to the whole change.
fn change_response(
    order: &OrderView,
    change: &str,
    respond: &args::Respond,
) -> Result<Content, Failure> {
    if respond.refuse.iter().any(|lot| lot != "all") {
        let message = "a change can only be accepted or refused as a whole";
        return Err(Failure::caller(
            message,
            "give --refuse without a lot, or ask for another change",
        ));
    }
    let text = respond.how.reason.trim().to_owned();
    let accepted = respond.refuse.is_empty();
    if !accepted && text.is_empty() {
        let message = "a refusal needs a reason from the supplier";
        return Err(Failure::caller(message, "give it with --reason TEXT"));
    }
    let (order, change) = (order.number.clone(), change.to_owned());
    Ok(Content::OrderChangeResponse { order, change, accepted, text })
}

/// The value for one lot. A value for that lot takes precedence over the value for all lots.
fn said(given: &[String], of: LotId) -> Option<&str> {
    let own = given.iter().find_map(|text| {
        let (lot, value) = text.split_once('=')?;
        (lot.parse() == Ok(of)).then_some(value)
    });
    own.or_else(|| given.iter().find(|text| !text.contains('=')).map(String::as_str))
}

fn response(order: &OrderView, respond: &args::Respond) -> Result<Content, Failure> {
    let is_all = respond.refuse.iter().any(|lot| lot == "all");
    let refused: Vec<LotId> = respond
        .refuse
        .iter()
        .filter(|lot| *lot != "all")
        .map(|lot| lot_id(lot))
        .collect::<Result<_, _>>()?;
    for (lot, _) in respond.price.iter().chain(&respond.due).filter_map(|t| t.split_once('=')) {
        let lot = lot_id(lot)?;
        if order.lines.iter().all(|line| line.lot != lot) {
            return Err(no_line(order, lot));
        }
    }
    if (is_all || !refused.is_empty()) && respond.how.reason.trim().is_empty() {
        let message = "a refusal needs a reason from the supplier";
        return Err(Failure::caller(message, "give it with --reason TEXT"));
    }
    let mut answers: BTreeMap<LotId, LineAnswer> = BTreeMap::new();
    for line in &order.lines {
        let answer = if is_all || refused.contains(&line.lot) {
            LineAnswer::Refused { text: respond.how.reason.clone() }
        } else {
            let unit_price = said(&respond.price, line.lot).map(|p| price(p, line)).transpose()?;
            let due = said(&respond.due, line.lot).map(|d| day(d, line.due)).transpose()?;
            match (&unit_price, &due) {
                (None, None) => continue,
                _ => LineAnswer::Changed { unit_price, due },
            }
        };
        answers.insert(line.lot, answer);
    }
    if let Some(lot) = refused.iter().find(|lot| !answers.contains_key(lot)) {
        return Err(no_line(order, *lot));
    }
    let lines = answers.into_iter().map(|(lot, answer)| ResponseLine { lot, answer }).collect();
    Ok(Content::OrderResponse { order: order.number.clone(), lines })
}

fn no_line(order: &OrderView, lot: LotId) -> Failure {
    let message = format!("{} has no line for {lot}", order.number);
    Failure::caller(message, format!("`waybill show {}` lists its lines", order.number))
}

/// Reads a unit price: an amount, or a change in per cent.
fn price(text: &str, line: &OrderLineView) -> Result<Price, Failure> {
    let wrong = || {
        let message = format!("`{text}` is not a price for {}", line.lot);
        Failure::caller(message, "write an amount such as 1250.50, or a change such as +12%")
    };
    let hidden =
        || Failure::caller("its price is not visible to you", "ask the supplier for the price");
    let now = line.unit_price.ok_or_else(hidden)?;
    let currency = now.currency;
    let Some(per_cent) = text.strip_suffix('%') else {
        let plain =
            Price::parse(text, currency).or_else(|_| text.parse::<Money>().map(Price::from));
        let is_price = |price: &Price| price.currency == currency && price.minor > 0;
        return plain.ok().filter(is_price).ok_or_else(wrong);
    };
    // Hundredths of a per cent are precise enough, and are whole numbers.
    let (sign, digits) = match per_cent.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, per_cent.strip_prefix('+').unwrap_or(per_cent)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if part.len() > 2 {
        return Err(wrong());
    }
    let whole: i64 = whole.parse().map_err(|_| wrong())?;
    let part: i64 = format!("{part:0<2}").parse().map_err(|_| wrong())?;
    let change = whole.checked_mul(100).and_then(|whole| whole.checked_add(part));
    let change = change.ok_or_else(wrong)?.checked_mul(sign).ok_or_else(wrong)?;
    let scaled = change.checked_add(10_000).and_then(|s| now.scaled(s, 10_000).ok());
    scaled.filter(|price| price.minor > 0).ok_or_else(wrong)
}

/// Reads a day: a date, or a change in days or weeks.
fn day(text: &str, from: NaiveDate) -> Result<NaiveDate, Failure> {
    let wrong = || {
        let message = format!("`{text}` is not a day");
        Failure::caller(message, "write a date such as 2027-03-01, or a change such as +6w or +10d")
    };
    if let Ok(date) = text.parse() {
        return Ok(date);
    }
    let change = text.strip_prefix('+').ok_or_else(wrong)?;
    let (digits, days) = match (change.strip_suffix('w'), change.strip_suffix('d')) {
        (Some(digits), _) => (digits, 7),
        (None, Some(digits)) => (digits, 1),
        (None, None) => return Err(wrong()),
    };
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    let days = count.checked_mul(days).ok_or_else(wrong)?;
    from.checked_add_days(Days::new(days)).ok_or_else(wrong)
}
