//! Reads what donors promise.

use chrono::NaiveDate;

use super::folder::{Folder, Placed};
use super::supply::read_pack;
use crate::domain::admissible::LONGEST_LEAD;
use crate::domain::contribution::{Consent, Contribution, Earmark, Firmness, InKind, Tranche};
use crate::domain::money::{Currency, Money};
use crate::import::columns::{CONTRIBUTIONS, FIRMNESS};
use crate::import::table::error::{ImportError, excerpt};
use crate::import::values::fields::RowFields;
use crate::import::values::number::Notation;
use crate::import::values::parse::{self, Fault, ISO_DATE};

/// Reads the contributions that count from the first day.
pub(super) fn read_contributions(
    folder: &mut Folder<'_>,
) -> Result<Vec<Placed<Contribution>>, ImportError> {
    folder.needed_rows(CONTRIBUTIONS, read_contribution)
}

/// Reads the contributions of a file that becomes known later.
pub(super) fn read_later(
    folder: &mut Folder<'_>,
    file: &str,
) -> Result<Vec<Placed<Contribution>>, ImportError> {
    let table = folder.table_of(file, CONTRIBUTIONS)?;
    folder.rows(&table, CONTRIBUTIONS, read_contribution)
}

fn read_contribution(fields: &mut RowFields<'_>) -> Option<Contribution> {
    let id = fields.id("id");
    let donors = fields.required_list("donors", ' ');
    let firmness = fields.required("firmness", |text| parse::one_of(text, &FIRMNESS));
    let stated = fields.date("stated");
    let amount = read_amount(fields);
    let in_kind = read_in_kind(fields);
    let converts = fields.optional_id("converts");
    let earmark = Earmark {
        prefixes: fields.list("earmark_prefixes", ' '),
        items: fields.list("earmark_items", ';'),
        requesters: fields.list("earmark_requesters", ' '),
        excluded: fields.list("excluded", ';'),
        channel: fields.optional_id("channel"),
    };
    let tranches = read_tranches(fields, amount);
    let obligate_by = fields.optional_date("obligate_by");
    let pay_by = fields.optional_date("pay_by");
    let consent = fields.optional("consent", |text| read_consent(text, amount.map(|a| a.currency)));
    let source = fields.text("source");

    fields.in_order(("stated", stated), ("obligate_by", obligate_by));
    fields.in_order(("obligate_by", obligate_by), ("pay_by", pay_by));
    let is_commitment = firmness == Some(Firmness::Commitment);
    if is_commitment && !fields.has("amount") && !fields.has("in_kind_item") {
        let hint = "give amount and currency, or fill in the in_kind columns, or make it a pledge";
        fields.fail("amount", Fault::new("a commitment needs an amount, or must be in kind", hint));
    }
    if firmness == Some(Firmness::Pledge) && converts.is_some() {
        let hint = "make it a commitment, or leave converts empty";
        fields.fail("converts", Fault::new("only a commitment can convert a pledge", hint));
    }
    Some(Contribution {
        id: id?,
        donors,
        firmness: firmness?,
        stated: stated?,
        amount,
        in_kind: in_kind.into_iter().collect(),
        converts,
        earmark,
        tranches,
        obligate_by,
        pay_by,
        consent: consent.unwrap_or_default(),
        source: source?,
    })
}

fn read_amount(fields: &mut RowFields<'_>) -> Option<Money> {
    if !fields.together(&["amount", "currency"]) {
        return None;
    }
    let currency = fields.required("currency", parse::currency);
    fields.money("amount", currency)
}

fn read_in_kind(fields: &mut RowFields<'_>) -> Option<InKind> {
    let lead_days = fields
        .optional("in_kind_lead_days", |text| parse::whole(text, 0, LONGEST_LEAD))
        .unwrap_or(0);
    if !fields.together(&["in_kind_item", "in_kind_quantity", "in_kind_unit"]) {
        if fields.has("in_kind_pack_of") && !fields.has("in_kind_item") {
            let hint = "fill in the other in_kind columns, or clear it";
            fields.fail("in_kind_pack_of", Fault::new("no item in kind is given", hint));
        }
        return None;
    }
    let item = fields.name("in_kind_item");
    let unit = fields.required("in_kind_unit", parse::unit);
    let quantity = fields.quantity("in_kind_quantity", unit);
    let pack_of = read_pack(fields, "in_kind_pack_of", unit);
    Some(InKind { item: item?, quantity: quantity?, unit: Some(unit?), pack_of, lead_days })
}

fn read_tranches(fields: &mut RowFields<'_>, amount: Option<Money>) -> Vec<Tranche> {
    let tranches = fields.optional("tranches", |text| match amount {
        Some(amount) => parse_tranches(text, amount),
        None => Err(Fault::new(
            "there is no amount to divide into tranches",
            "give amount and currency",
        )),
    });
    tranches.unwrap_or_default()
}

/// Reads `2025-01-01:5000000.00 2025-07-01:5000000.00`, and sorts by day.
fn parse_tranches(text: &str, amount: Money) -> Result<Vec<Tranche>, Fault> {
    let mut tranches = Vec::new();
    let mut sum = Money::zero(amount.currency);
    for part in text.split_whitespace() {
        let (opens, opened) = part.split_once(':').ok_or_else(|| {
            let hint = "write day:amount, such as 2025-01-01:5000000.00, with a space between \
                        tranches";
            Fault::new(format!("`{}` is not a tranche", excerpt(part)), hint)
        })?;
        let opens: NaiveDate = parse::date(opens, ISO_DATE).map_err(|fault| Fault {
            what: format!("`{}`: {}", excerpt(opens), fault.what),
            ..fault
        })?;
        let opened = parse::positive_money(opened, amount.currency, Notation::Unstated)?;
        sum = sum.checked_add(opened)?;
        tranches.push(Tranche { opens, minor: opened.minor });
    }
    if sum.minor > amount.minor {
        let what = format!("the tranches add up to {sum}, more than the amount, {amount}");
        return Err(Fault::new(what, "lower a tranche, or raise the amount"));
    }
    tranches.sort_by_key(|tranche| tranche.opens);
    Ok(tranches)
}

/// Reads `none`, `each_line`, or `above 50000.00`.
fn read_consent(text: &str, currency: Option<Currency>) -> Result<Consent, Fault> {
    match (text, text.strip_prefix("above ")) {
        ("none", _) => Ok(Consent::None),
        ("each_line", _) => Ok(Consent::EachLine),
        (_, Some(limit)) => {
            let currency = currency.ok_or_else(|| {
                Fault::new("there is no amount to compare with", "give amount and currency")
            })?;
            Ok(Consent::Above(
                parse::positive_money(limit.trim(), currency, Notation::Unstated)?.minor,
            ))
        }
        _ => {
            let hint = "write `none`, `each_line`, or `above` and an amount, such as `above \
                        50000.00`";
            Err(Fault::new("is not a rule for consent", hint))
        }
    }
}
