//! Simulates everybody outside: reviewers, donors, suppliers, carriers, recipients and payers. What
//! each does is drawn from `hash(seed, external id)`, so the same seed gives the same answers in
//! whatever order they are asked.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use chrono::TimeDelta;
use waybill_shared::domain::document::{
    Content, DespatchLine, Document, LineAnswer, PaymentLine, ReceiptLine, RejectReason, Remedy,
    ResponseLine, Verdict,
};
use waybill_shared::domain::kinds::JobKind;
use waybill_shared::domain::lot::{Lot, Timestamp};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::order::{Order, TermsDecision};
use waybill_shared::domain::pipeline::SandboxConfig;
use waybill_shared::domain::price::Price;
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::requisition::{Kind, Line};
use waybill_shared::job::JobError;
use waybill_shared::store::NewJob;

use super::{Connector, ConnectorQuery};
use crate::funding::covered;

/// The log of all messages that were sent. A repeated message is logged again.
const LOG: &str = "sandbox-orders.log";

#[derive(Debug)]
pub struct Sandbox {
    config: SandboxConfig,
    log: Mutex<File>,
}

/// A stable hash (FNV-1a with a final mix), so that draws never depend on the toolchain.
fn hash(seed: u64, parts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for byte in parts.iter().flat_map(|part| part.bytes().chain([0xff])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

impl Sandbox {
    /// A sandbox that logs the messages it receives into `folder`.
    ///
    /// # Errors
    /// If its log cannot be opened.
    pub fn open(config: SandboxConfig, folder: &Path) -> Result<Self, std::io::Error> {
        let path = folder.join(LOG);
        let mut log = OpenOptions::new().create(true).append(true).open(&path)?;
        // If a kill cut off the last line, end it, so that the next line stands alone.
        if std::fs::read(&path)?.last().is_some_and(|byte| *byte != b'\n') {
            log.write_all(b"\n")?;
        }
        Ok(Self { config, log: Mutex::new(log) })
    }

    /// Logs a message that was sent to the sandbox.
    fn note(&self, number: &str, bytes: &str) -> Result<(), JobError> {
        let failed = |source| JobError::Outside {
            what: format!("{number} could not be sent"),
            source: Some(source),
        };
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = format!("{number}\t{bytes}\n");
        log.write_all(entry.as_bytes()).and_then(|()| log.sync_data()).map_err(failed)
    }

    fn draw(&self, parts: &[&str], below: u64) -> u64 {
        hash(self.config.seed, parts) % below
    }

    fn happens(&self, parts: &[&str], per_mille: u16) -> bool {
        self.draw(parts, 1000) < u64::from(per_mille)
    }

    fn after(&self, now: Timestamp, days: u64) -> Timestamp {
        let millis = self.config.day_ms.saturating_mul(days);
        now + TimeDelta::milliseconds(i64::try_from(millis).unwrap_or(0))
    }

    fn answer(&self, sender: &str, number: String, content: Content, due: Timestamp) -> NewJob {
        let document = Document { sender: sender.to_owned(), number, content };
        NewJob {
            kind: JobKind::Document,
            key: document.key(),
            due,
            body: serde_json::to_string(&document).unwrap_or_default(),
        }
    }

    fn review(&self, lot: &Lot, line: &Line, is_duplicate: bool) -> (Verdict, &'static str, u64) {
        let id = [line.external_id.as_str(), "review"];
        let days = 2 + self.draw(&[id[0], "review days"], 9);
        if is_duplicate && self.draw(&[id[0], "duplicate"], 10) < 7 {
            return (Verdict::Merge, "the same need as the earlier line", days);
        }
        if lot.id.part() == 0 && self.happens(&id, self.config.declined) {
            return (Verdict::Decline, "not needed in this form", days);
        }
        (Verdict::Approve, "", days)
    }

    /// The deliveries of an order, grouped by the day on which they arrive.
    fn deliveries(&self, order: &Order, lots: &[(&Lot, &Line)], now: Timestamp) -> Vec<NewJob> {
        let mut by_day: BTreeMap<(u64, &str), Vec<(&Lot, &Line)>> = BTreeMap::new();
        let today = now.date_naive();
        for (lot, line) in lots {
            let due = lot.due.unwrap_or(today);
            let lead = u64::try_from((due - today).num_days()).unwrap_or(0).max(1);
            let id = [line.external_id.as_str(), &lot.id.part().to_string(), "late"];
            let late = self.happens(&id, self.config.late);
            let days = lead + if late { 5 + self.draw(&[id[0], "how late"], 60) } else { 0 };
            by_day.entry((days, &line.requester)).or_default().push((lot, line));
        }
        let mut jobs = Vec::new();
        for ((days, requester), lots) in by_day {
            let Some((first, _)) = lots.first() else { continue };
            let (lot, version) = (first.id, first.version);
            let number = |kind: &str| format!("{kind}-{}-{lot}-{version}", order.number);
            let despatched = lots
                .iter()
                .map(|(lot, _)| DespatchLine { lot: lot.id, quantity: lot.bought() })
                .collect();
            let content =
                Content::DespatchAdvice { order: order.number.clone(), lines: despatched };
            let due = self.after(now, days.saturating_sub(1));
            jobs.push(self.answer(&order.supplier, number("DES"), content, due));
            let lines = lots.iter().map(|(lot, line)| self.receipt(lot, line)).collect();
            let content = Content::ReceiptAdvice { order: order.number.clone(), lines };
            jobs.push(self.answer(requester, number("RCP"), content, self.after(now, days)));
        }
        jobs
    }

    /// Payments in advance for parts of lots.
    fn advances(&self, order: &Order, lots: &[(&Lot, &Line)], now: Timestamp) -> Vec<NewJob> {
        let due = self.after(now, 1);
        let advance = |(lot, line): &(&Lot, &Line)| {
            let id = [line.external_id.as_str(), "advance"];
            let is_first = lot.id.part() == 0 && !lot.is_paid_for();
            if !is_first || !self.happens(&id, self.config.advance) {
                return None;
            }
            let covers = covered(lot)?.scaled(1, 5).ok()?;
            Some(PaymentLine { lot: lot.id, amount: covers, is_final: false })
        };
        let advances = lots.iter().filter_map(advance);
        let answer = |line: PaymentLine| {
            let number = format!("ADV-{}-{}", order.number, line.lot);
            let (order_number, date) = (order.number.clone(), due.date_naive());
            let content = Content::Payment { order: order_number, date, lines: vec![line] };
            self.answer(&order.channel, number, content, due)
        };
        advances.map(answer).collect()
    }

    /// What the supplier pays back some weeks after lots were paid.
    fn refunds(
        &self,
        order: &Order,
        lots: &[(&Lot, Money)],
        number: &str,
        paid: Timestamp,
    ) -> Vec<NewJob> {
        let due = self.after(paid, 30);
        let refund = |(lot, amount): &(&Lot, Money)| {
            let lot_id = lot.id.to_string();
            let back = amount.scaled(-1, 20).ok().filter(|back| back.minor < 0)?;
            self.happens(&[&order.number, &lot_id, "refund"], self.config.refund)
                .then_some(PaymentLine { lot: lot.id, amount: back, is_final: false })
        };
        let lines: Vec<PaymentLine> = lots.iter().filter_map(refund).collect();
        if lines.is_empty() {
            return Vec::new();
        }
        let (order_number, date) = (order.number.clone(), due.date_naive());
        let content = Content::Payment { order: order_number, date, lines };
        vec![self.answer(&order.channel, format!("REF-{number}"), content, due)]
    }

    fn receipt(&self, lot: &Lot, line: &Line) -> ReceiptLine {
        let part = lot.id.part().to_string();
        let id = |what| [line.external_id.as_str(), part.as_str(), what];
        let mut receipt = ReceiptLine {
            lot: lot.id,
            accepted: lot.bought(),
            rejected: Quantity::ZERO,
            remedy: Remedy::Replace,
            reject_reason: None,
        };
        // A part that was split off is delivered completely, so that every order comes to its end.
        let whole = lot.quantity.0 / Quantity::ONE;
        if lot.id.part() > 0 || line.kind != Kind::Goods || whole < 2 {
            return receipt;
        }
        if self.happens(&id("short"), self.config.short) {
            receipt.accepted = Quantity::whole(whole - 1 - whole / 4);
        } else if self.happens(&id("rejected"), self.config.rejected) {
            receipt.rejected = Quantity::whole(1 + whole / 10);
            receipt.reject_reason = Some(RejectReason::Broken);
            receipt.accepted = lot.bought().less(receipt.rejected);
            if self.draw(&id("remedy"), 2) == 0 {
                receipt.remedy = Remedy::Return;
            }
        } else if self.happens(&id("over"), self.config.over) {
            receipt.accepted = Quantity(receipt.accepted.0 + Quantity::ONE);
        }
        receipt
    }
}

#[async_trait]
impl Connector for Sandbox {
    fn ask(&self, question: ConnectorQuery<'_>, now: Timestamp) -> Vec<NewJob> {
        match question {
            ConnectorQuery::Review { lot, line, group, is_duplicate } => {
                let (verdict, text, days) = self.review(lot, line, is_duplicate);
                let content = Content::Review { lot: lot.id, verdict, text: text.to_owned() };
                let number = format!("REV-{}-{}", lot.id, lot.version);
                vec![self.answer(group, number, content, self.after(now, days))]
            }
            ConnectorQuery::Acceptance { lot, line } => {
                let id = [line.external_id.as_str(), "acceptance"];
                let accepted = !self.happens(&id, self.config.not_accepted);
                let content = Content::Acceptance { lot: lot.id, accepted };
                let number = format!("ACC-{}-{}", lot.id, lot.version);
                let due = self.after(now, 1 + self.draw(&[id[0], "acceptance days"], 7));
                vec![self.answer(&line.requester, number, content, due)]
            }
            ConnectorQuery::Consent { lot, line, envelope, donors } => {
                let id = [line.external_id.as_str(), envelope, "consent"];
                let agreed = !self.happens(&id, self.config.not_agreed);
                let number = format!("CON-{}-{envelope}-{}", lot.id, lot.version);
                let due = self.after(now, 1 + self.draw(&[id[0], id[1], "consent days"], 10));
                // One refusal is enough.
                let answering = if agreed { donors } else { &donors[..donors.len().min(1)] };
                let answers = answering.iter().map(|donor| {
                    let envelope = envelope.to_owned();
                    let content = Content::Consent { lot: lot.id, envelope, agreed };
                    self.answer(donor, number.clone(), content, due)
                });
                answers.collect()
            }
            ConnectorQuery::Approval { order } => {
                let content = Content::Approval { order: order.number.clone(), approved: true };
                let number = format!("APP-{}", order.number);
                vec![self.answer("steering", number, content, self.after(now, 3))]
            }
            ConnectorQuery::Terms { order, version, is_payable } => {
                let number = |decision: &str| format!("TERMS-{}-{version}{decision}", order.number);
                let content = |decision| {
                    let (order, lots, text) = (order.number.clone(), Vec::new(), String::new());
                    Content::TermsDecision { order, decision, lots, text }
                };
                let decided = |number, decision, days| {
                    let due = self.after(now, days);
                    self.answer("secretariat", number, content(decision), due)
                };
                // In two cases of three the higher price is accepted. If the money for it is gone
                // by then, the lot is matched again after all.
                let again = decided(number("-AGAIN"), TermsDecision::Rematch, 3);
                match self.draw(&[&order.number, "terms"], 3) {
                    0 | 1 if is_payable => {
                        vec![decided(number(""), TermsDecision::Accept, 2), again]
                    }
                    _ => vec![again],
                }
            }
            ConnectorQuery::Delivery { order, lots } => {
                let mut jobs = self.advances(order, lots, now);
                jobs.extend(self.deliveries(order, lots, now));
                jobs
            }
            ConnectorQuery::Payment { order, lots } => {
                let lines = lots
                    .iter()
                    .map(|(lot, amount)| PaymentLine {
                        lot: lot.id,
                        amount: *amount,
                        is_final: true,
                    })
                    .collect();
                let due = self.after(now, 20 + self.draw(&[&order.number, "payment"], 20));
                let content =
                    Content::Payment { order: order.number.clone(), date: due.date_naive(), lines };
                let first = lots.first().map_or(0, |(lot, _)| lot.id.0);
                let version = lots.first().map_or(0, |(lot, _)| lot.version);
                let number = format!("{}-{first}-{version}", order.number);
                let mut jobs = self.refunds(order, lots, &number, due);
                jobs.push(self.answer(&order.channel, format!("PAY-{number}"), content, due));
                jobs
            }
        }
    }

    async fn send(
        &self,
        order: &Order,
        lots: &[Lot],
        bytes: &str,
        now: Timestamp,
    ) -> Result<Vec<NewJob>, JobError> {
        self.note(&order.number, bytes)?;
        let answers = order.lines.iter().filter_map(|line| {
            // Do not draw by order number, because it depends on timing which lots share an order.
            let refused =
                lots.iter().find(|lot| lot.id == line.lot).map_or(0, |lot| lot.refused.len());
            let lot = format!("{} {refused}", line.lot);
            let id = [line.offer.as_str(), lot.as_str()];
            let answer = if self.happens(&[id[0], id[1], "refused"], self.config.refused) {
                LineAnswer::Refused { text: "not in stock".to_owned() }
            } else if self.happens(&[id[0], id[1], "changed"], self.config.changed) {
                let per_mille = 970 + self.draw(&[id[0], id[1], "price"], 100);
                // Suppliers round to a whole minor unit.
                let price = Money::new(line.unit_price.minor, line.unit_price.currency)
                    .scaled(i64::try_from(per_mille).ok()?, 1000)
                    .ok()?;
                let price = Price::from(price).each(line.unit_price.per).ok()?;
                LineAnswer::Changed { unit_price: Some(price), due: None }
            } else {
                return None;
            };
            Some(ResponseLine { lot: line.lot, answer })
        });
        let content =
            Content::OrderResponse { order: order.number.clone(), lines: answers.collect() };
        let due = self.after(now, 1 + self.draw(&[&order.number, "response"], 4));
        Ok(vec![self.answer(&order.supplier, format!("RSP-{}", order.number), content, due)])
    }

    async fn tell(&self, number: &str, bytes: &str) -> Result<(), JobError> {
        self.note(number, bytes)
    }
}
