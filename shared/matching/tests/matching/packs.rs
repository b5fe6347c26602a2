//! What is sold in packs: whole packs that cover what is wanted, no more of them than needed.

use chrono::NaiveDate;
use proptest::prelude::*;
use waybill_domain::money::{Currency, Money};
use waybill_domain::price::Price;
use waybill_domain::quantity::{Quantity, Unit};
use waybill_domain::supplier::{Offer, Pack, Quote, SoldBy, Surplus};

fn unit(code: &str) -> Unit {
    code.parse().expect("a known unit")
}

/// An offer of boxes at `price` cents that hold so much, of `minimum` boxes and more by `increment`.
fn quote(each: Quantity, of: &str, price: i64, minimum: i64, increment: i64, bp: i64) -> Quote {
    let pack = Pack { quantity: each, unit: unit(of) };
    let price = Price::new(price, Currency::EUR);
    let offer = Offer {
        id: "O".to_owned(),
        supplier: "S".to_owned(),
        item: "Toner".to_owned(),
        unit: unit("BX"),
        is_suspended: false,
        pack_of: Some(pack),
        unit_price: price,
        minimum: Quantity::whole(minimum),
        increment: Quantity::whole(increment),
        lead_days: 1,
        from: NaiveDate::MIN,
        to: None,
        channel: "AG".to_owned(),
        framework: None,
    };
    let sold_by = offer.sold_by(unit(of)).expect("it holds the unit");
    Quote {
        offer: Some(offer),
        unit_price: price,
        sold_by,
        charges_bp: bp,
        surplus: Surplus::ALONE,
    }
}

#[test]
fn packs_are_rounded_up_and_the_surplus_is_what_they_hold_more() {
    // (wanted, packs, bought, cost): boxes of 5 at 25.00, by 3 and at least 2, which is raised to 3.
    let pieces = |count| quote(Quantity::whole(count), "H87", 2_500, 2, 3, 0);
    for (wanted, packs, bought, cost) in
        [(1, 3, 15, 7_500), (15, 3, 15, 7_500), (16, 6, 30, 15_000), (31, 9, 45, 22_500)]
    {
        let quote = pieces(5);
        assert_eq!(quote.priced(Quantity::whole(wanted)), Quantity::whole(packs), "{wanted}");
        assert_eq!(quote.bought(Quantity::whole(wanted)), Quantity::whole(bought), "{wanted}");
        let found = quote.cost(Quantity::whole(wanted)).expect("small");
        assert_eq!(found, Money::new(cost, Currency::EUR), "{wanted}");
    }
    // Another unit of the same offer is neither.
    let offer = pieces(5).offer.expect("an offer");
    assert_eq!(offer.sold_by(unit("BX")), Some(SoldBy::Unit));
    assert_eq!(offer.sold_by(unit("SET")), None);
    // What cannot be counted is an error, not another number.
    let large = quote(Quantity(1), "MTR", i64::MAX / 4, 1, 1, 0);
    assert!(large.cost(Quantity::whole(2)).is_err());
    assert!(large.cost(Quantity(i64::MAX)).is_err());
}

proptest! {
    #[test]
    fn whole_packs_cover_what_is_wanted_at_their_own_price(
        each in 1_i64..40_000,
        price in 1_i64..1_000_000,
        minimum in 1_i64..20,
        increment in 1_i64..20,
        bp in 0_i64..2_000,
        wanted in 1_i64..10_000_000,
    ) {
        let quote = quote(Quantity(each), "MTR", price, minimum, increment, bp);
        let wanted = Quantity(wanted);
        let (packs, bought) = (quote.priced(wanted), quote.bought(wanted));
        prop_assert!(bought >= wanted);
        prop_assert_eq!(packs.0 % Quantity::ONE, 0, "a fraction of a pack");
        let count = packs.0 / Quantity::ONE;
        prop_assert_eq!(bought, Quantity(count * each));
        prop_assert!(count >= minimum && count % increment == 0);
        // One step fewer would not do.
        let fewer = count - increment;
        prop_assert!(fewer < minimum || fewer * each < wanted.0);
        let goods = Money::new(price * count, Currency::EUR);
        prop_assert_eq!(quote.goods(wanted), Ok(goods));
        let charges = goods.scaled(bp, 10_000).expect("small");
        prop_assert_eq!(quote.cost(wanted), goods.checked_add(charges));
        // More never costs less.
        let more = quote.cost(Quantity(wanted.0 + 1)).expect("small");
        prop_assert!(more.minor >= quote.cost(wanted).expect("small").minor);
    }

    #[test]
    fn no_piece_of_a_pack_is_lost(each in 1_i64..50_000, content in 0_i64..10_000_000) {
        let pack = Pack { quantity: Quantity(each), unit: unit("MTR") };
        let whole = pack.held_by(pack.whole_in(Quantity(content)));
        prop_assert!(whole.0 <= content && content - whole.0 < each);
        let enough = pack.held_by(pack.packs_for(Quantity(content)));
        prop_assert!(enough.0 >= content && enough.0 - content < each);
    }
}
