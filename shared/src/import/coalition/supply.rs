//! Reads suppliers' offers and the charges on top of them.

use std::collections::HashMap;

use super::folder::{Folder, Placed};
use crate::domain::admissible::LONGEST_LEAD;
use crate::domain::money::Currency;
use crate::domain::price::{MOST, Price};
use crate::domain::quantity::Unit;
use crate::domain::supplier::{ChargeRule, Framework, Offer, Pack};
use crate::import::columns::{CHARGE_KINDS, CHARGES, OFFERS};
use crate::import::table::error::ImportError;
use crate::import::values::fields::RowFields;
use crate::import::values::number::Notation;
use crate::import::values::parse::{self, Fault};

/// The highest charge: 100 % of the goods' value.
const MAX_BASIS_POINTS: u32 = 10_000;

pub(super) fn read_offers(folder: &mut Folder<'_>) -> Result<Vec<Placed<Offer>>, ImportError> {
    let offers = folder.optional_rows(OFFERS, read_offer)?;
    folder.unique(&offers, "id", |offer| offer.id.clone());
    check_frameworks(folder, &offers);
    Ok(offers)
}

/// Checks that all rows of a framework contract agree about it.
fn check_frameworks(folder: &mut Folder<'_>, offers: &[Placed<Offer>]) {
    let mut known: HashMap<&str, (&Placed<Offer>, &Framework)> = HashMap::new();
    for placed in offers {
        let Some(framework) = &placed.value.framework else { continue };
        let (first, stated) = *known.entry(&framework.number).or_insert((placed, framework));
        let (number, row) = (&framework.number, first.row);
        if stated.ceiling != framework.ceiling {
            let what = format!(
                "states a ceiling of {} for {number}, but row {row} states {}",
                framework.ceiling, stated.ceiling
            );
            let hint = "a framework has one ceiling, in one currency: state the same ceiling in \
                        each of its rows, and fill in `framework_currency` if it differs from the \
                        currency of the price";
            folder.fail_at(placed, "framework_ceiling", &framework.ceiling.to_string(), what, hint);
        }
        if stated.ends != framework.ends {
            let what = format!(
                "states that {number} ends on {}, but row {row} states {}",
                framework.ends, stated.ends
            );
            let hint = "a framework has one last day: state the same day in each of its rows";
            folder.fail_at(placed, "framework_ends", &framework.ends.to_string(), what, hint);
        }
    }
}

fn read_offer(fields: &mut RowFields<'_>) -> Option<Offer> {
    let id = fields.id("id");
    let supplier = fields.id("supplier");
    let item = fields.name("item");
    let unit = fields.required("unit", parse::unit);
    let currency = fields.required("currency", parse::currency);
    let unit_price = fields.price("unit_price", currency);
    let unit_price = read_per(fields, unit_price);
    let minimum = fields.quantity("minimum", unit);
    let increment = fields.quantity("increment", unit);
    let lead_days = fields.whole("lead_days", 0, LONGEST_LEAD);
    let from = fields.date("from");
    let to = fields.optional_date("to");
    let channel = fields.id("channel");
    let framework = read_framework(fields, currency);
    let pack_of = read_pack(fields, "pack_of", unit);
    fields.in_order(("from", from), ("to", to));
    Some(Offer {
        id: id?,
        supplier: supplier?,
        item: item?,
        unit: unit?,
        pack_of,
        unit_price: unit_price?,
        minimum: minimum?,
        increment: increment?,
        lead_days: lead_days?,
        from: from?,
        to,
        channel: channel?,
        framework,
        is_suspended: false,
    })
}

/// Applies `price_per`, the number of units that the price is for, if the row has it.
fn read_per(fields: &mut RowFields<'_>, price: Option<Price>) -> Option<Price> {
    if !fields.has("price_per") {
        return price;
    }
    let each = |text: &str| {
        let per = parse::whole(text, 1, MOST)?;
        price.map(|price| price.each(per)).transpose().map_err(Fault::from)
    };
    fields.optional("price_per", each).flatten()
}

/// Reads what one unit contains, such as `5 piece` or `5 H87`.
pub(super) fn read_pack(
    fields: &mut RowFields<'_>,
    field: &str,
    unit: Option<Unit>,
) -> Option<Pack> {
    fields.optional(field, |text| {
        let hint = "write how much one pack holds and its unit, such as `5 piece` or `5 H87`";
        let (quantity, of) = text
            .split_once(char::is_whitespace)
            .ok_or_else(|| Fault::new("is not a quantity with a unit", hint))?;
        let of = Unit::by_code_or_name(of.trim())
            .map_err(|error| Fault::new(error.to_string(), hint))?;
        let (quantity, _) = parse::quantity(quantity, Some(of), Notation::Unstated)?;
        let quantity = quantity.ok_or_else(|| Fault::new("is not a quantity with a unit", hint))?;
        let Some(unit) = unit else { return Ok(Pack { quantity, unit: of }) };
        let (code, name) = (unit, unit.name());
        if unit == of {
            let hint = "name the unit of the contents of a pack, or leave the cell empty";
            return Err(Fault::new(
                format!("the contents of a pack cannot be in the pack's own unit, {code} ({name})"),
                hint,
            ));
        }
        if !unit.is_whole() {
            let hint = "sell it in a unit that is counted in whole numbers, such as BX (box), or \
                        leave the cell empty";
            return Err(Fault::new(
                format!("{code} ({name}) is not counted in whole numbers, so it cannot be a pack"),
                hint,
            ));
        }
        Ok(Pack { quantity, unit: of })
    })
}

/// Reads the framework contract. Its ceiling has its own currency, or else that of the price.
fn read_framework(fields: &mut RowFields<'_>, currency: Option<Currency>) -> Option<Framework> {
    if !fields.together(&["framework", "framework_ends", "framework_ceiling"]) {
        return None;
    }
    let number = fields.id("framework");
    let ends = fields.date("framework_ends");
    let own = fields.optional("framework_currency", parse::currency);
    let ceiling = fields.money("framework_ceiling", own.or(currency));
    Some(Framework { number: number?, ends: ends?, ceiling: ceiling? })
}

pub(super) fn read_charges(
    folder: &mut Folder<'_>,
) -> Result<Vec<Placed<ChargeRule>>, ImportError> {
    let charges = folder.optional_rows(CHARGES, |fields| {
        let channel = fields.optional_id("channel");
        let kind = fields.required("kind", |text| parse::one_of(text, &CHARGE_KINDS));
        let basis_points = fields.whole("basis_points", 0, MAX_BASIS_POINTS);
        let due_to = fields.optional_id("due_to");
        Some(ChargeRule { channel, kind: kind?, basis_points: basis_points?, due_to })
    })?;
    let name =
        |rule: &ChargeRule| format!("{} {:?}", rule.channel.as_deref().unwrap_or("any"), rule.kind);
    folder.unique(&charges, "kind", name);
    Ok(charges)
}
