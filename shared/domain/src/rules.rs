//! Checks of contributions, offers, parties and the like. They apply by whatever way the data come in, and files
//! that break them are refused.

use super::admissible::{LONGEST_ID, LONGEST_LEAD, LONGEST_NAME, in_one_line};
use super::coalition::{Code, Consignee};
use super::contribution::{Consent, Contribution, Firmness, InKind};
use super::ids::is_given_here;
use super::party::{ExpertGroup, Party};
use super::quantity::Unit;
use super::supplier::{Offer, Pack};
use super::text::{canonical, invisible, mixed};

/// A field that has a wrong value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub field: &'static str,
    /// What is wrong.
    pub what: String,
    /// How to fix it.
    pub hint: &'static str,
}

fn wrong(field: &'static str, what: impl Into<String>, hint: &'static str) -> Result<(), Wrong> {
    Err(Wrong { field, what: what.into(), hint })
}

/// Checks that an id is what it looks like in print.
fn plain_id(field: &'static str, id: &str) -> Result<(), Wrong> {
    let hint = "retype it on one line, without spaces around it";
    if id.trim().is_empty() {
        return wrong(field, "is empty", hint);
    }
    if let Some(what) = in_one_line(id, LONGEST_ID) {
        return wrong(field, what, hint);
    }
    if let Some(found) = invisible(id) {
        return wrong(field, found.to_string(), hint);
    }
    if canonical(id) != id {
        return wrong(
            field,
            "has spaces around it, or accents that are separate from their letters",
            hint,
        );
    }
    Ok(())
}

/// Checks that an id is what it looks like in print, and uses letters of one alphabet, so that no two ids look
/// alike.
fn id(field: &'static str, id: &str) -> Result<(), Wrong> {
    plain_id(field, id)?;
    match mixed(id) {
        Some(letter) => {
            wrong(field, format!("contains {letter}"), "retype it with letters of one alphabet")
        }
        None => Ok(()),
    }
}

fn name(field: &'static str, name: &str) -> Result<(), Wrong> {
    let hint = "retype it on one line";
    if name.trim().is_empty() {
        return wrong(field, "is empty", hint);
    }
    let hidden = invisible(name).map(|found| found.to_string());
    match in_one_line(name, LONGEST_NAME).or(hidden) {
        Some(what) => wrong(field, what, hint),
        None => Ok(()),
    }
}

/// Checks whether a new id may be used.
///
/// # Errors
/// If it looks like an id that Waybill gives.
pub fn check_new(id: &str) -> Result<(), Wrong> {
    if is_given_here(id) {
        let what = format!("`{id}` looks like an id of a lot, a line, an order or a webhook");
        return wrong("id", what, "give it another id");
    }
    Ok(())
}

fn lead_days(field: &'static str, days: u32) -> Result<(), Wrong> {
    if days <= LONGEST_LEAD {
        return Ok(());
    }
    let what = format!("{days} days is more than the limit of {LONGEST_LEAD}");
    wrong(field, what, "give the number of days from order to receipt")
}

fn pack(field: &'static str, unit: Option<Unit>, pack: Option<Pack>) -> Result<(), Wrong> {
    let Some(pack) = pack else { return Ok(()) };
    let is_pack = unit.is_some_and(|unit| unit != pack.unit && unit.is_whole());
    if is_pack && pack.quantity.0 > 0 && pack.quantity.fits(pack.unit) {
        return Ok(());
    }
    wrong(
        field,
        "is not a valid pack",
        "a pack must be counted in whole numbers, and hold a quantity of another unit",
    )
}

impl Contribution {
    /// Checks its fields.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), Wrong> {
        id("id", &self.id)?;
        if self.id.contains([':', '/']) {
            return wrong("id", "has a colon or a slash", "leave it out");
        }
        if self.donors.is_empty() {
            return wrong("donors", "there is no donor", "name at least one donor");
        }
        if let Some(amount) = self.amount.filter(|amount| amount.minor <= 0) {
            return wrong("amount", format!("{amount} is not above zero"), "give an amount");
        }
        if let Consent::Above(minor) = self.consent
            && minor < 0
        {
            return wrong("consent", "the limit for consent is below zero", "give an amount");
        }
        for gift in &self.in_kind {
            gift.check()?;
        }
        let is_commitment = self.firmness == Firmness::Commitment;
        if is_commitment && self.amount.is_none() && self.in_kind.is_empty() {
            let hint = "give amount and currency, or the goods in kind, or make it a pledge";
            return wrong("amount", "a commitment needs an amount, or must be in kind", hint);
        }
        if !is_commitment && self.converts.is_some() {
            let hint = "make it a commitment, or leave it out";
            return wrong("converts", "only a commitment can convert a pledge", hint);
        }
        let in_order = |first: Option<chrono::NaiveDate>, last: Option<chrono::NaiveDate>| {
            first.zip(last).is_none_or(|(first, last)| first <= last)
        };
        if !in_order(Some(self.stated), self.obligate_by) {
            return wrong(
                "obligate_by",
                "is before the day on which it was stated",
                "give a later day",
            );
        }
        if !in_order(self.obligate_by, self.pay_by) {
            return wrong(
                "pay_by",
                "is before obligate_by, the last day to bind it",
                "give a later day",
            );
        }
        self.check_tranches()
    }

    fn check_tranches(&self) -> Result<(), Wrong> {
        let total = self.tranches.iter().try_fold(0_i64, |sum, tranche| {
            sum.checked_add(tranche.minor).filter(|_| tranche.minor >= 0)
        });
        let fits = match (total, self.amount) {
            _ if self.tranches.is_empty() => true,
            (Some(total), Some(amount)) => total <= amount.minor,
            _ => false,
        };
        if fits {
            return Ok(());
        }
        let what = "a tranche is below zero, or the tranches add up to more than the amount";
        wrong("tranches", what, "lower the tranches so that they add up to at most the amount")
    }
}

impl InKind {
    fn check(&self) -> Result<(), Wrong> {
        if self.quantity.0 <= 0 {
            return wrong("in_kind", "a quantity is not above zero", "give the quantity");
        }
        if self.unit.is_some_and(|unit| !self.quantity.fits(unit)) {
            let hint = "give a whole number, or a unit that can be divided";
            return wrong(
                "in_kind",
                format!("`{self}` has a fraction, but its unit is counted in whole numbers"),
                hint,
            );
        }
        pack("in_kind", self.unit, self.pack_of)?;
        lead_days("in_kind", self.lead_days)
    }
}

impl Offer {
    /// Checks its fields.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), Wrong> {
        id("id", &self.id)?;
        if self.unit_price.minor <= 0 {
            return wrong("unit_price", "is not above zero", "give the price");
        }
        for (field, quantity) in [("minimum", self.minimum), ("increment", self.increment)] {
            if quantity.0 <= 0 || !quantity.fits(self.unit) {
                return wrong(
                    field,
                    "is not above zero, or has a fraction although the unit is counted in whole \
                     numbers",
                    "give a quantity above zero; it must be a whole number if the unit is counted \
                     in whole numbers",
                );
            }
        }
        if self.to.is_some_and(|to| to < self.from) {
            return wrong("to", "is before the first day of the offer", "give a later day");
        }
        pack("pack_of", Some(self.unit), self.pack_of)?;
        lead_days("lead_days", self.lead_days)
    }
}

/// The maximum time for a review, in days.
pub const LONGEST_REVIEW: u32 = 365;

impl Party {
    /// Checks its fields.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), Wrong> {
        plain_id("id", &self.id)?;
        name("name", &self.name)?;
        let is_backwards = self.roles.iter().any(|span| span.to.is_some_and(|to| to < span.from));
        if is_backwards {
            return wrong("to", "is before the first day of the role", "give a later day");
        }
        Ok(())
    }
}

impl ExpertGroup {
    /// Checks its fields.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), Wrong> {
        plain_id("id", &self.id)?;
        name("name", &self.name)?;
        if self.review_from.is_some_and(|from| from.minor <= 0) {
            return wrong("review_from", "is not above zero", "give an amount, or leave it out");
        }
        if self.review_days > LONGEST_REVIEW {
            let what =
                format!("{} days is more than the limit of {LONGEST_REVIEW}", self.review_days);
            return wrong("review_days", what, "give the number of days for a review");
        }
        self.prefixes.iter().try_for_each(|prefix| plain_id("prefixes", prefix))
    }
}

impl Consignee {
    /// Checks its fields.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), Wrong> {
        plain_id("code", &self.code)?;
        plain_id("requester", &self.requester)
    }
}

impl Code {
    /// Checks its fields.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), Wrong> {
        plain_id("scheme", &self.scheme)?;
        plain_id("code", &self.code)
    }
}
