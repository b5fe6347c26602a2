//! `waybill despatch`, `receive`, `pay`: submits what happens to an order, as the documents that its parties would
//! send.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use waybill_api::{DocumentAnswer, DocumentOutcome, Sent};
use waybill_shared::domain::document::{Content, DespatchLine, PaymentLine, ReceiptLine, Remedy};
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::money::{Currency, Money};
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::views::{LotView, OrderView};

use crate::args::{self, How};
use crate::client::{Client, escape};
use crate::failure::Failure;
use crate::output;
use crate::target::Target;

pub(super) fn lot_id(text: &str) -> Result<LotId, Failure> {
    text.parse()
        .map_err(|error| Failure::caller(format!("{error}"), "`waybill show ORDER` lists its lots"))
}

pub(super) async fn order_view(client: &Client, number: &str) -> Result<OrderView, Failure> {
    client.get(&format!("/v1/orders/{}", escape(number))).await
}

/// Submits a document on behalf of `sender`. Shows its effects first, and asks for confirmation if it changes several
/// lots.
pub(super) async fn hand_in(
    client: &Client,
    sender: &str,
    number: Option<&str>,
    content: Content,
    how: &How,
    done: &str,
) -> Result<(), Failure> {
    let number = match number {
        Some(number) => number.to_owned(),
        None => made_number(&content)?,
    };
    let remark = how.reason.clone();
    let sent = Sent { number, sender: Some(sender.to_owned()), remark, content };
    let looked: DocumentAnswer = client.post("/v1/documents?dry_run=true", &sent).await?;
    let rows: Vec<Vec<String>> =
        looked.effects.iter().map(|e| vec![e.subject.clone(), e.what.clone()]).collect();
    let table = output::wrapped_table(&["WHAT", "CHANGES"], &rows);
    if how.dry_run || looked.outcome == DocumentOutcome::TakenBefore {
        if how.json {
            return output::json(&looked);
        }
        if looked.outcome == DocumentOutcome::TakenBefore {
            let (sender, number) = (&looked.sender, &looked.number);
            return output::data(&format!(
                "unchanged: {sender} has already said that in {number}\n"
            ));
        }
        return output::data(&format!("{table}dry run: nothing above was changed\n"));
    }
    let mut lots: Vec<&str> = looked.effects.iter().map(|effect| effect.subject.as_str()).collect();
    lots.retain(|subject| subject.starts_with("LOT-"));
    lots.dedup();
    if lots.len() > 1 && !how.yes {
        if !output::can_ask() {
            let message = format!("this would change {} lots", lots.len());
            return Err(Failure::caller(
                message,
                "see the changes with --dry-run, then confirm with --yes",
            ));
        }
        output::talk(table.trim_end());
        if !output::confirm(&format!("change {} lots?", lots.len()))? {
            return Err(Failure::caller("nothing was changed", ""));
        }
    }
    let mut answer: DocumentAnswer = client.post("/v1/documents", &sent).await?;
    answer.effects = looked.effects;
    if how.json {
        return output::json(&answer);
    }
    if answer.outcome == DocumentOutcome::Kept {
        return output::data(&format!("kept, as {} of {}\n{table}", answer.number, answer.sender));
    }
    output::data(&format!("{done}, as {} of {}\n{table}", answer.number, answer.sender))
}

/// Derives a document number from its content, so that the same content is the same document.
fn made_number(content: &Content) -> Result<String, Failure> {
    let bytes = serde_json::to_vec(content).map_err(Failure::ours)?;
    let hash = Sha256::digest(&bytes);
    Ok(format!("CLI-{}", hex::encode(&hash[..6])))
}

/// The lots that are on an order now.
async fn lots_of(client: &Client, order: &OrderView) -> Result<Vec<LotView>, Failure> {
    client.get(&format!("/v1/orders/{}/lots", escape(&order.number))).await
}

/// The lots in `lots` that were named, or, if none was named, those that wait for `awaits`.
fn those<'a>(
    lots: &'a [LotView],
    awaits: &str,
    named: &[(LotId, String)],
    order: &OrderView,
) -> Result<Vec<&'a LotView>, Failure> {
    if named.is_empty() {
        let is_asked = |lot: &&LotView| lot.awaits.as_deref() == Some(awaits);
        let found: Vec<&LotView> = lots.iter().filter(is_asked).collect();
        if found.is_empty() {
            let message = format!("no lot of {} waits for {awaits}", order.number);
            return Err(Failure::caller(message, "`waybill show` shows where each of them is"));
        }
        return Ok(found);
    }
    let find = |(id, _): &(LotId, String)| {
        lots.iter().find(|lot| lot.id == *id).ok_or_else(|| {
            let message = format!("{id} is not part of {}", order.number);
            Failure::caller(message, "`waybill show ORDER` lists its lots")
        })
    };
    named.iter().map(find).collect()
}

/// Parses arguments of the form LOT=VALUE.
fn named(given: &[String]) -> Result<Vec<(LotId, String)>, Failure> {
    let pair = |text: &String| {
        let (lot, value) = text.split_once('=').ok_or_else(|| {
            Failure::caller(format!("`{text}` is not LOT=VALUE"), "write it as LOT-7K2=12")
        })?;
        Ok((lot_id(lot)?, value.trim().to_owned()))
    };
    given.iter().map(pair).collect()
}

fn quantity(text: &str, lot: &LotView) -> Result<Quantity, Failure> {
    let wrong = |why: String| {
        Failure::caller(format!("{}: `{text}` {why}", lot.id), "give a number such as 12")
    };
    let unit = lot.unit.parse().map_err(|_| wrong("has an unknown unit".to_owned()))?;
    Quantity::parse(text, unit).map_err(|error| wrong(error.to_string()))
}

/// Reads a quantity that may be 0.
fn some_or_none(text: &str, lot: &LotView) -> Result<Quantity, Failure> {
    if text.trim() == "0" { Ok(Quantity::ZERO) } else { quantity(text, lot) }
}

pub(crate) async fn despatch(despatch: args::Despatch) -> Result<(), Failure> {
    let target = Target::of(&despatch.how.data)?;
    Client::with(&target, async |client| {
        let order = order_view(client, &despatch.order).await?;
        let lots = lots_of(client, &order).await?;
        let named = named(&despatch.lots)?;
        let mut lines = Vec::new();
        for lot in those(&lots, "delivery", &named, &order)? {
            let said = named.iter().find(|(id, _)| *id == lot.id);
            let quantity = match said {
                Some((_, text)) => quantity(text, lot)?,
                None => bought(lot)?,
            };
            lines.push(DespatchLine { lot: lot.id, quantity });
        }
        let content = Content::DespatchAdvice { order: order.number.clone(), lines };
        let number = despatch.document.number.as_deref();
        let done = format!("the despatch of {} is noted", order.number);
        hand_in(client, &order.supplier, number, content, &despatch.how, &done).await
    })
    .await
}

pub(crate) async fn receive(receive: args::Receive) -> Result<(), Failure> {
    let target = Target::of(&receive.how.data)?;
    Client::with(&target, async |client| {
        let order = order_view(client, &receive.order).await?;
        let lots = lots_of(client, &order).await?;
        let named = named(&receive.lots)?;
        let remedy = match receive.remedy {
            args::Remedy::Replace => Remedy::Replace,
            args::Remedy::Return => Remedy::Return,
        };
        // A receipt belongs to one requester, so each requester gets a receipt of its own.
        let mut by_requester: BTreeMap<&str, Vec<ReceiptLine>> = BTreeMap::new();
        for lot in those(&lots, "delivery", &named, &order)? {
            let said = named.iter().find(|(id, _)| *id == lot.id).map(|(_, text)| text.as_str());
            let (accepted, rejected) = match said {
                Some(text) => {
                    let (accepted, rejected) = text.split_once('/').unwrap_or((text, "0"));
                    (some_or_none(accepted, lot)?, some_or_none(rejected, lot)?)
                }
                None if receive.all => (bought(lot)?, Quantity::ZERO),
                None => ask(lot)?,
            };
            let reject_reason = receive.rejected_for;
            let line = ReceiptLine { lot: lot.id, accepted, rejected, remedy, reject_reason };
            by_requester.entry(&lot.requester).or_default().push(line);
        }
        for (requester, lines) in by_requester {
            let content = Content::ReceiptAdvice { order: order.number.clone(), lines };
            let number = receive.document.number.as_deref();
            let done = format!("the receipt of {} is noted", order.number);
            hand_in(client, requester, number, content, &receive.how, &done).await?;
        }
        Ok(())
    })
    .await
}

/// The quantity of `lot` that its order buys, with surplus.
fn bought(lot: &LotView) -> Result<Quantity, Failure> {
    let surplus = lot.surplus.as_deref().map(|text| quantity(text, lot)).transpose()?;
    Ok(Quantity(quantity(&lot.quantity, lot)?.0 + surplus.unwrap_or_default().0))
}

/// Asks how much of `lot` was received, and how much of that was rejected.
fn ask(lot: &LotView) -> Result<(Quantity, Quantity), Failure> {
    if !output::can_ask() {
        let message = format!("how much of {} was received?", lot.id);
        return Err(Failure::caller(
            message,
            "name each as LOT=ACCEPTED[/REJECTED], or give --all",
        ));
    }
    let bought = bought(lot)?.to_string();
    output::talk(&format!("{}: {bought} {} of {}", lot.id, lot.unit, lot.item));
    let read =
        |text: &str| some_or_none(text, lot).map(drop).map_err(|failure| failure.to_string());
    let accepted = output::ask("  accepted", Some(&bought), read)?;
    let rejected = output::ask("  rejected", Some("0"), read)?;
    Ok((some_or_none(&accepted, lot)?, some_or_none(&rejected, lot)?))
}

pub(crate) async fn pay(pay: args::Pay) -> Result<(), Failure> {
    let target = Target::of(&pay.how.data)?;
    Client::with(&target, async |client| {
        let order = order_view(client, &pay.order).await?;
        let lots = lots_of(client, &order).await?;
        let named = named(&pay.lots)?;
        let mut lines = Vec::new();
        for lot in those(&lots, "payment", &named, &order)? {
            let said = named.iter().find(|(id, _)| *id == lot.id);
            let amount = match said {
                None => due(lot)?,
                Some((_, text)) => Money::parse(text, paid_in(lot)?).map_err(|error| {
                    Failure::caller(
                        format!("{}: {error}", lot.id),
                        "give an amount such as 1250.50",
                    )
                })?,
            };
            lines.push(PaymentLine { lot: lot.id, amount, is_final: pay.is_final });
        }
        let date = pay.date.unwrap_or_else(|| output::day(chrono::Utc::now()));
        let content = Content::Payment { order: order.number.clone(), date, lines };
        let number = pay.document.number.as_deref();
        let done = format!("the payment of {} is noted", order.number);
        hand_in(client, &order.channel, number, content, &pay.how, &done).await
    })
    .await
}

/// The currency in which a lot is paid.
fn paid_in(lot: &LotView) -> Result<Currency, Failure> {
    let first = lot.funding.first().ok_or_else(|| no_money(lot))?;
    Ok(first.covers.currency)
}

fn no_money(lot: &LotView) -> Failure {
    Failure::caller(format!("no order binds money for {}", lot.id), "`waybill show` shows why")
}

/// The money that is bound for a lot and not paid yet.
fn due(lot: &LotView) -> Result<Money, Failure> {
    let bound = lot
        .funding
        .iter()
        .filter(|share| share.state == waybill_shared::domain::funding::ShareState::Obligated);
    let covers: Vec<Money> = bound.map(|share| share.covers).collect();
    let first = covers.first().ok_or_else(|| no_money(lot))?;
    let minor = covers.iter().map(|money| money.minor).sum();
    Ok(Money::new(minor, first.currency))
}
