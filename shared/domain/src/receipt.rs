//! What a receipt says about the lots of one line: what arrived, what is missing, and what is surplus. This is pure
//! arithmetic. The workers act on the result.

use super::ids::LotId;
use super::quantity::Quantity;

/// A lot of a line on an order, before the receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    pub lot: LotId,
    /// The quantity that it carries.
    pub quantity: Quantity,
    /// The quantity that its order buys beyond that, because its supplier sells no less.
    pub bought_above: Quantity,
    /// Whether it was split off as missing or rejected, and is still to come.
    pub is_back_order: bool,
    /// Whether it was received before and is counted again. What was bought beyond its quantity arrived with it
    /// then.
    pub is_received: bool,
    pub consignee: String,
}

/// What a receipt says about one lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Came {
    pub lot: LotId,
    /// Received and accepted.
    pub accepted: Quantity,
    /// Received and rejected.
    pub rejected: Quantity,
}

/// A part of a lot on back order that arrived after all, with another lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The lot on back order.
    pub lot: LotId,
    /// The part of its quantity.
    pub quantity: Quantity,
    /// The part of the surplus that is bought with it.
    pub surplus: Quantity,
}

/// The result for one lot. `accepted + short + rejected` is its quantity plus what it takes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    pub lot: LotId,
    /// Accepted, of its quantity and of what it takes over.
    pub accepted: Quantity,
    /// Missing.
    pub short: Quantity,
    /// Rejected, of its quantity. What was rejected beyond that goes back, and nobody misses it.
    pub rejected: Quantity,
    /// Missing or rejected, of what was bought beyond its quantity and beyond what it takes over.
    pub bought_above_missing: Quantity,
    /// Accepted beyond what was bought. Somebody has to decide about it.
    pub surplus: Quantity,
    /// Whether the missing quantity is within the tolerance of its line.
    pub is_tolerated: bool,
    /// What it takes over from lots on back order: it arrived after all, as part of this lot.
    pub takes_over: Vec<Taken>,
}

/// What is left of the tolerance of a line after parts of it were closed as short.
#[must_use]
pub fn tolerance_left(whole: Quantity, per_mille: u32, closed: Quantity) -> Quantity {
    let tolerance = i128::from(whole.0.max(0)) * i128::from(per_mille) / 1000;
    let left = tolerance - i128::from(closed.0);
    Quantity(i64::try_from(left.max(0)).unwrap_or(i64::MAX))
}

/// Judges what `came` of the lots `expected`, which belong to one line and one order. What arrived beyond a lot's
/// quantity is first used for back orders of the same consignee, then for what the order bought beyond the need.
/// The rest is surplus. If a lot was received before, its goods beyond the need come first, so that they stay what
/// they are. `tolerance` is what is left of the line's tolerance, over all its lots.
#[must_use]
pub fn judge(expected: &[Expected], came: &[Came], mut tolerance: Quantity) -> Vec<Judged> {
    let mut judged: Vec<Judged> = Vec::new();
    // Lots on back order that no row names.
    let mut missed: Vec<Expected> = expected
        .iter()
        .filter(|part| part.is_back_order && came.iter().all(|row| row.lot != part.lot))
        .cloned()
        .collect();
    for row in came {
        let Some(lot) = expected.iter().find(|lot| lot.lot == row.lot) else { continue };
        let accepted = row.accepted.min(lot.quantity);
        let missing = lot.quantity.less(accepted);
        let rejected = row.rejected.min(missing);
        let short = missing.less(rejected);
        let is_tolerated = !short.is_zero() && !accepted.is_zero() && short <= tolerance;
        if is_tolerated {
            tolerance = tolerance.less(short);
        }
        let mut above = row.accepted.less(accepted);
        let mut take = |of: &mut Quantity| {
            let by = (*of).min(above);
            (above, *of) = (above.less(by), of.less(by));
            by
        };
        let mut bought_above_missing = lot.bought_above;
        if lot.is_received {
            take(&mut bought_above_missing);
        }
        let near = |part: &&mut Expected| part.consignee == lot.consignee;
        let mut takes_over: Vec<Taken> = Vec::new();
        for part in missed.iter_mut().filter(near) {
            let (lot, quantity, surplus) = (part.lot, take(&mut part.quantity), Quantity::ZERO);
            if !quantity.is_zero() {
                takes_over.push(Taken { lot, quantity, surplus });
            }
        }
        take(&mut bought_above_missing);
        // If all of a back order was taken over, nobody is left for its surplus. So the surplus moves too, arrived
        // or not.
        for part in missed.iter_mut().filter(near).filter(|part| part.quantity.is_zero()) {
            if let Some(taken) = takes_over.iter_mut().find(|taken| taken.lot == part.lot) {
                taken.surplus = std::mem::take(&mut part.bought_above);
                let mut not_come = taken.surplus;
                take(&mut not_come);
                bought_above_missing.0 += not_come.0;
            }
        }
        let over: Quantity = takes_over.iter().map(|taken| taken.quantity).sum();
        judged.push(Judged {
            lot: lot.lot,
            accepted: Quantity(accepted.0 + over.0),
            short,
            rejected,
            bought_above_missing,
            surplus: above,
            is_tolerated,
            takes_over,
        });
    }
    judged
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn expected(lot: i64, quantity: i64, is_back_order: bool) -> Expected {
        Expected {
            lot: LotId(lot),
            quantity: Quantity(quantity),
            bought_above: Quantity::ZERO,
            is_back_order,
            is_received: false,
            consignee: "SITE-1".to_owned(),
        }
    }

    fn came(lot: i64, accepted: i64, rejected: i64) -> Came {
        let (accepted, rejected) = (Quantity(accepted), Quantity(rejected));
        Came { lot: LotId(lot), accepted, rejected }
    }

    #[test]
    fn a_part_is_judged_by_the_part() {
        let lots = [expected(1, 8, false), expected(2, 2, true)];
        let judged = judge(&lots, &[came(2, 5, 0)], Quantity::ZERO);
        assert_eq!(judged.len(), 1);
        assert_eq!((judged[0].accepted, judged[0].surplus), (Quantity(2), Quantity(3)));
    }

    #[test]
    fn what_is_counted_anew_is_what_was_missed() {
        let lots = [expected(1, 8, false), expected(2, 2, true)];
        let judged = judge(&lots, &[came(1, 10, 0)], Quantity::ZERO);
        assert_eq!((judged[0].accepted, judged[0].surplus), (Quantity(10), Quantity(0)));
        let (quantity, surplus) = (Quantity(2), Quantity::ZERO);
        assert_eq!(judged[0].takes_over, [Taken { lot: LotId(2), quantity, surplus }]);
        // Another consignee still misses it.
        let elsewhere = Expected { consignee: "SITE-2".to_owned(), ..expected(2, 2, true) };
        let judged = judge(&[expected(1, 8, false), elsewhere], &[came(1, 10, 0)], Quantity(0));
        assert_eq!((judged[0].accepted, judged[0].surplus), (Quantity(8), Quantity(2)));
    }

    #[test]
    fn what_was_bought_above_the_need_is_no_surplus() {
        let lot = Expected { bought_above: Quantity(2), ..expected(1, 23, false) };
        let judged = judge(std::slice::from_ref(&lot), &[came(1, 26, 0)], Quantity::ZERO);
        assert_eq!((judged[0].accepted, judged[0].surplus), (Quantity(23), Quantity(1)));
        // It can be missing like any other unit.
        let judged = judge(&[lot], &[came(1, 24, 0)], Quantity::ZERO);
        assert_eq!((judged[0].short, judged[0].bought_above_missing), (Quantity(0), Quantity(1)));
    }

    #[test]
    fn what_was_bought_with_a_back_order_comes_with_it() {
        let part = Expected { bought_above: Quantity(2), ..expected(2, 3, true) };
        let lots = [expected(1, 44, false), part];
        let of = |accepted| judge(&lots, &[came(1, accepted, 0)], Quantity::ZERO);
        let taken = |quantity, surplus| {
            let (quantity, surplus) = (Quantity(quantity), Quantity(surplus));
            [Taken { lot: LotId(2), quantity, surplus }]
        };
        assert_eq!(of(46)[0].takes_over, taken(2, 0));
        assert_eq!(of(48)[0].takes_over, taken(3, 2));
        assert_eq!(of(48)[0].bought_above_missing, Quantity(1));
        assert_eq!((of(50)[0].surplus, of(50)[0].accepted), (Quantity(1), Quantity(47)));
    }

    #[test]
    fn what_was_received_before_stays_what_it_is() {
        let lot =
            Expected { bought_above: Quantity(4), is_received: true, ..expected(1, 9, false) };
        let lots = [lot, expected(2, 2, true)];
        let judged = judge(&lots, &[came(1, 13, 0)], Quantity::ZERO);
        assert!(judged[0].takes_over.is_empty(), "{judged:?}");
        let judged = judge(&lots, &[came(1, 14, 0)], Quantity::ZERO);
        assert_eq!((judged[0].accepted, judged[0].surplus), (Quantity(10), Quantity::ZERO));
    }

    #[test]
    fn the_tolerance_is_the_lines() {
        let lots: Vec<Expected> = (1..=10).map(|lot| expected(lot, 10, false)).collect();
        let rows: Vec<Came> = (1..=10).map(|lot| came(lot, 5, 0)).collect();
        let judged = judge(&lots, &rows, tolerance_left(Quantity(100), 50, Quantity::ZERO));
        let closed: Quantity = judged.iter().filter(|j| j.is_tolerated).map(|j| j.short).sum();
        assert_eq!(closed, Quantity(5));
        assert_eq!(tolerance_left(Quantity(100), 50, Quantity(5)), Quantity::ZERO);
        assert_eq!(tolerance_left(Quantity(100), 50, Quantity(9)), Quantity::ZERO);
    }

    proptest! {
        #[test]
        fn every_unit_is_somewhere(
            lots in proptest::collection::vec((1_i64..30, any::<bool>(), 0_i64..4), 1..6),
            rows in proptest::collection::vec((0_i64..40, 0_i64..10), 1..6),
            tolerance in 0_i64..10,
        ) {
            let lots: Vec<Expected> = (1..).zip(&lots).map(|(id, (quantity, is_back_order, above))| {
                Expected { bought_above: Quantity(*above), ..expected(id, *quantity, *is_back_order) }
            }).collect();
            let rows: Vec<Came> =
                lots.iter().zip(&rows).map(|(lot, row)| came(lot.lot.0, row.0, row.1)).collect();
            let judged = judge(&lots, &rows, Quantity(tolerance));
            let mut bought = 0;
            for one in &judged {
                let lot = lots.iter().find(|lot| lot.lot == one.lot).expect("a lot");
                let over: i64 = one.takes_over.iter().map(|taken| taken.quantity.0).sum();
                let whole = lot.quantity.0 + over;
                prop_assert_eq!(one.accepted.0 + one.short.0 + one.rejected.0, whole);
                bought += lot.bought_above.0 - one.bought_above_missing.0;
                bought += one.takes_over.iter().map(|taken| taken.surplus.0).sum::<i64>();
            }
            let accepted: i64 = judged.iter().map(|one| one.accepted.0 + one.surplus.0).sum();
            let said: i64 = rows.iter().map(|row| row.accepted.0).sum();
            prop_assert_eq!(accepted + bought, said);
            let closed: i64 =
                judged.iter().filter(|one| one.is_tolerated).map(|one| one.short.0).sum();
            prop_assert!(closed <= tolerance);
        }
    }
}
