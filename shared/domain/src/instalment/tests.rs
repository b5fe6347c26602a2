//! Tests of payments in instalments, of refunds and of advances.

use proptest::prelude::*;

use super::*;
use crate::funding::{Share, ShareState};
use crate::lot::{Lot, Priority, StepName};
use crate::quantity::Quantity;

const DKK_PER_EUR: &str = "7.4705";

fn dkk() -> Currency {
    "DKK".parse().expect("a currency")
}

fn rate(text: &str) -> Rate {
    text.parse().expect("a rate")
}

fn rates<'a>(dkk_rate: &'a str) -> impl Fn(Currency) -> Option<Rate> + Sync + 'a {
    move |currency| if currency == dkk() { Some(rate(dkk_rate)) } else { Some(Rate::ONE) }
}

/// A lot with `covers` euro cents bound from an envelope in kroner, and as many from one in euros.
fn lot(covers: i64) -> Lot {
    let priority = Priority { class: 1, rank: 1 };
    let id = "LOT-001".parse().expect("an id");
    let mut lot = Lot::new(id, Quantity(1000), priority, StepName::new("confirm_delivery"));
    let eur = Money::new(covers, Currency::EUR);
    let kroner = convert(eur, Rate::ONE, dkk(), rate(DKK_PER_EUR), Rounding::Up).expect("kroner");
    let share = |envelope: &str, amount, rate| Share {
        envelope: envelope.to_owned(),
        amount,
        covers: eur,
        rate,
        state: ShareState::Obligated,
        covers_rate: None,
        consents: Vec::new(),
    };
    lot.funding = vec![share("D", kroner, rate(DKK_PER_EUR)), share("E", eur, Rate::ONE)];
    lot
}

fn total(lot: &Lot, envelope: &str, state: ShareState) -> i64 {
    let is_its = |share: &&Share| share.envelope == envelope && share.state == state;
    lot.funding.iter().filter(is_its).map(|share| share.amount.minor).sum()
}

#[test]
fn rates_of_two_days_are_two_shares() {
    let mut lot = lot(10_000);
    let pay = |lot: &mut Lot, minor, dkk_rate| {
        disburse(lot, Money::new(minor, Currency::EUR), false, &rates(dkk_rate)).expect("paid")
    };
    pay(&mut lot, 3_333, DKK_PER_EUR);
    pay(&mut lot, 3_333, "7.5");
    pay(&mut lot, 3_333, "7.5");
    let paid: Vec<(i64, i64)> = lot
        .funding
        .iter()
        .filter(|share| share.state == ShareState::Disbursed && share.envelope == "D")
        .map(|share| (share.covers.minor, share.amount.minor))
        .collect();
    // 16.67 at 7.4705, and 33.33 at 7.5, converted as a whole.
    assert_eq!(paid, [(1_667, 12_454), (3_333, 24_998)]);
    let euros =
        lot.funding.iter().filter(|s| s.envelope == "E" && s.state == ShareState::Disbursed);
    assert_eq!(euros.count(), 1, "{:?}", lot.funding);
}

#[test]
fn what_nobody_is_bound_to_pay_is_refused() {
    let mut lot = lot(100);
    let pay = |lot: &mut Lot, minor| {
        disburse(lot, Money::new(minor, Currency::EUR), true, &rates(DKK_PER_EUR))
    };
    pay(&mut lot, 200).expect("paid");
    let before = lot.clone();
    let error = pay(&mut lot, 1).expect_err("nothing is bound").to_string();
    assert!(error.contains("no money is bound for LOT-001"), "{error}");
    assert_eq!(lot, before);
}

#[test]
fn a_currency_without_a_rate_is_refused() {
    let mut lot = lot(100);
    let before = lot.clone();
    let nothing = |_| None;
    let error = disburse(&mut lot, Money::new(50, Currency::EUR), false, &nothing);
    let error = error.expect_err("no rate").to_string();
    assert!(error.contains("EUR 0.25 has no exchange rate to DKK"), "{error}");
    assert_eq!(lot, before);
}

proptest! {
    /// Parts at one rate debit what the whole would. After a refund the rest has cost what it would have cost
    /// alone.
    #[test]
    fn parts_debit_what_the_whole_does(parts in prop::collection::vec(0_i64..5_000, 1..8), back in 0_u8..=100) {
        let all: i64 = parts.iter().sum();
        let half = all / 2 + 1;
        let mut lot = lot(half);
        for part in &parts {
            let part = Money::new(*part, Currency::EUR);
            let over = disburse(&mut lot, part, false, &rates(DKK_PER_EUR)).expect("paid");
            prop_assert!(over.is_empty(), "{over:?}");
        }
        prop_assert_eq!(disbursed(&lot), all);
        let whole = |covers: i64| {
            let covers = Money::new(covers, Currency::EUR);
            convert(covers, Rate::ONE, dkk(), rate(DKK_PER_EUR), Rounding::Up).expect("kroner").minor
        };
        let exact = |lot: &Lot| {
            let shares = lot.funding.iter().filter(|share| share.state == ShareState::Disbursed);
            shares.filter(|share| share.envelope == "D").all(|share| share.amount.minor == whole(share.covers.minor))
        };
        prop_assert!(exact(&lot));
        let obligated = total(&lot, "D", ShareState::Obligated);
        let paid = total(&lot, "D", ShareState::Disbursed);
        prop_assert_eq!(obligated + paid, whole(half));
        let returned = Money::new(all * i64::from(back) / 100, Currency::EUR);
        refund(&mut lot, returned, true).expect("came back");
        prop_assert!(exact(&lot));
        prop_assert_eq!(disbursed(&lot), all - returned.minor);
        let now = total(&lot, "D", ShareState::Obligated) + total(&lot, "D", ShareState::Disbursed);
        prop_assert_eq!(now, whole(half));
        let more = Money::new(all + 1, Currency::EUR);
        prop_assert!(refund(&mut lot, more, true).is_err());
    }
}

#[test]
fn an_advance_is_for_what_came() {
    let mut kept = lot(5_000);
    disburse(&mut kept, Money::new(3_000, Currency::EUR), false, &rates(DKK_PER_EUR))
        .expect("paid");
    let all = |lots: &[&Lot]| -> i64 {
        lots.iter().map(|lot| total(lot, "D", ShareState::Disbursed)).sum()
    };
    let before = all(&[&kept]);
    let whole = kept.clone();
    // Half of the lot leaves. What was paid is less than the cost of the other half.
    let mut part = kept.split_off("LOT-001.1".parse().expect("an id"), Quantity(500));
    keep_paid(&mut kept, &mut part);
    assert_eq!((disbursed(&kept), bound(&kept)), (3_000, 2_000));
    assert_eq!((disbursed(&part), bound(&part)), (0, 5_000));
    assert_eq!(all(&[&kept, &part]), before);
    // Nine tenths leave. What was paid beyond the remaining tenth stays with them.
    let mut kept = whole;
    let mut part = kept.split_off("LOT-001.1".parse().expect("an id"), Quantity(900));
    keep_paid(&mut kept, &mut part);
    assert_eq!((disbursed(&kept), bound(&kept)), (1_000, 0));
    assert_eq!((disbursed(&part), bound(&part)), (2_000, 7_000));
    assert_eq!(all(&[&kept, &part]), before);
}
