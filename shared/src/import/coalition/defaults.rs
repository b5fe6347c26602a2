//! Says which defaults apply to what a coalition does not state.

use crate::domain::cpv;
use crate::domain::money::Currency;
use crate::import::coalition::CoalitionFiles;

/// One sentence for each table that is missing or empty: what applies instead.
#[must_use]
pub fn defaults(files: &CoalitionFiles) -> Vec<String> {
    let settings = &files.settings;
    let has_other_currency = || {
        let of_money = files.contributions.iter().filter_map(|given| Some(given.amount?.currency));
        let of_offers = files.offers.iter().map(|offer| offer.unit_price.currency);
        of_money
            .chain(of_offers)
            .chain([settings.currency])
            .any(|currency| currency != Currency::EUR)
    };
    let mut said = Vec::new();
    let mut empty = |is_empty: bool, what: &str, instead: &str| {
        if is_empty {
            said.push(format!("no {what}: {instead}"));
        }
    };
    empty(
        settings.any_requester && files.parties.is_empty(),
        "parties",
        "any requester is accepted, because any_requester is true",
    );
    empty(files.contributions.is_empty(), "contributions", "lines wait for money");
    empty(files.offers.is_empty(), "offers", "lines wait until a supplier offers their items");
    let codes = format!("any CPV code may be used ({} are known)", cpv::count());
    empty(files.codes.is_empty(), "codes", &codes);
    empty(
        files.consignees.is_empty(),
        "consignees",
        "any consignee code may be used, and no addresses are known",
    );
    empty(files.groups.is_empty(), "groups", "no line waits for a review");
    empty(files.charges.is_empty(), "charges", "no charges are added to the price of goods");
    empty(files.prohibited.is_empty(), "prohibited items", "no item is refused as prohibited");
    empty(
        files.rates.is_empty() && has_other_currency(),
        "rates",
        "amounts in different currencies cannot be compared, so money can only pay in its own \
         currency",
    );
    said
}
