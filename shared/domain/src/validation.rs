//! The rules that validate a line: first references, then forbidden goods, then plausibility, then whether somebody
//! has to review it.

use crate::kinds::ReasonCode;
use chrono::NaiveDate;

use super::coalition::Coalition;
use super::ids::LineId;
use super::lot::Decline;
use super::money::{Currency, Rounding};
use super::party::ExpertGroup;
use super::pipeline::ValidationPolicy;
use super::price::Price;
use super::quantity::Quantity;
use super::reference::{Reference, UnknownReference, unknown_references};
use super::requisition::Line;
use super::supplier::SoldBy;

/// What the rules say about a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Nothing is wrong with it.
    Fits,
    /// A mistake of form, which the requester has to fix.
    SentBack {
        /// A stable code.
        code: ReasonCode,
        /// What is wrong, with the value and the nearest known one.
        reason: String,
    },
    /// A business decision: no.
    Declined(Decline),
    /// Somebody has to review it.
    Review {
        /// A stable code.
        code: ReasonCode,
        reason: String,
        /// The line that requests the same, if that is the reason.
        twin: Option<LineId>,
    },
}

/// The codes of lots that a rule alone ended or sent back. Such a lot may pass once the rule has changed, or what
/// the rule looks up. Decisions by people have other codes.
pub const RULES: [ReasonCode; 6] = [
    Reference::Requester.code(),
    Reference::Consignee.code(),
    Reference::Classification.code(),
    ReasonCode::ProhibitedItem,
    ReasonCode::ImplausibleQuantity,
    ReasonCode::ImplausiblePrice,
];

fn declined(code: ReasonCode, text: String) -> Finding {
    Finding::Declined(Decline { code: code.name().to_owned(), text })
}

/// Applies the rules in order. The first broken rule decides. `twin` is another line that requests the same and is
/// under way or delivered.
#[must_use]
pub fn examine(
    coalition: &Coalition,
    policy: &ValidationPolicy,
    line: &Line,
    day: NaiveDate,
    twin: Option<LineId>,
) -> Finding {
    let unknown = unknown_references(coalition, line);
    if let Some(first) = unknown.first() {
        let told = |unknown: &UnknownReference| format!("{}: {}", unknown.what, unknown.hint);
        let reason: Vec<String> = unknown.iter().map(told).collect();
        return Finding::SentBack { code: first.reference.code(), reason: reason.join("; ") };
    }
    let forbids = |matches: &str| line.item == matches || line.classification.starts_with(matches);
    if let Some(rule) = coalition.prohibited.iter().find(|rule| forbids(&rule.matches)) {
        return declined(ReasonCode::ProhibitedItem, rule.reason.clone());
    }
    if line.quantity.0 / Quantity::ONE > policy.quantity_limit {
        let text = format!("{} is more than the {} allowed", line.quantity, policy.quantity_limit);
        return declined(ReasonCode::ImplausibleQuantity, text);
    }
    if let Some(text) = implausible_price(coalition, policy, line, day) {
        return declined(ReasonCode::ImplausiblePrice, text);
    }
    if let Some(twin) = twin {
        let reason = format!("asks for the same as {twin}: should they be merged?");
        return Finding::Review { code: ReasonCode::DuplicateCandidate, reason, twin: Some(twin) };
    }
    match coalition.group_of(&line.classification) {
        Some(group) if needs_review(coalition, group, line, day) => Finding::Review {
            code: ReasonCode::Review,
            reason: format!("{} reviews lines of this value", group.name),
            twin: None,
        },
        Some(_) | None => Finding::Fits,
    }
}

/// Prices have up to six decimals, so the prices of this many units are compared.
const MANY: i64 = 10_000;

/// Why the estimate cannot be right: there are offers, but none has a similar price.
fn implausible_price(
    coalition: &Coalition,
    policy: &ValidationPolicy,
    line: &Line,
    day: NaiveDate,
) -> Option<String> {
    // The cost of many units, so that prices below a cent differ.
    let eur = |price: Price| {
        let money = price.of(Quantity::whole(MANY)).ok()?;
        coalition.convert(money, Currency::EUR, day, Rounding::Nearest).ok()?
    };
    let estimate = eur(line.unit_estimate)?.minor;
    let mut nearest = None;
    for offer in coalition.offers.values() {
        if offer.item != line.item {
            continue;
        }
        let Some(sold_by) = offer.sold_by(line.unit) else { continue };
        // The price of a pack is compared with the estimate for its content.
        let price = eur(offer.unit_price)?.minor;
        let Some((price, estimate)) = sold_by.comparable(price, estimate) else { continue };
        let ratio = policy.price_ratio;
        if estimate <= price.saturating_mul(ratio) && price <= estimate.saturating_mul(ratio) {
            return None;
        }
        nearest = Some((offer, sold_by));
    }
    let (offer, sold_by) = nearest?;
    let offered = match sold_by {
        SoldBy::Unit => offer.unit_price.to_string(),
        SoldBy::Pack(pack) => format!("{} for {pack}", offer.unit_price),
    };
    Some(format!(
        "{} a unit differs too much from the offered price, {offered}",
        line.unit_estimate
    ))
}

fn needs_review(coalition: &Coalition, group: &ExpertGroup, line: &Line, day: NaiveDate) -> bool {
    let Some(from) = group.review_from else { return false };
    let value = line.unit_estimate.of(line.quantity).ok();
    let value = value.and_then(|value| {
        coalition.convert(value, from.currency, day, Rounding::Nearest).ok().flatten()
    });
    // A value that cannot be converted is reviewed.
    value.is_none_or(|value| value.minor >= from.minor)
}
