//! How the lots of a line follow a changed version of it. This is pure. Free lots follow at once, the least
//! advanced first. Lots on order need their supplier's agreement. Delivered lots stay as they are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ids::LotId;
use super::lot::{Awaited, Lot, LotState, Outcome, StepName};
use super::quantity::Quantity;
use super::requisition::Line;

/// How one lot follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Following {
    /// It is validated again.
    Anew,
    /// It was declined, or was merged into a lot that now asks for something else. It starts from the beginning.
    Reopened,
    /// It stays held, and is validated again once it is resumed.
    Held,
    Cancelled,
    Stays,
}

/// A lot and how it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    pub lot: LotId,
    /// Its new quantity.
    pub quantity: Quantity,
    pub following: Following,
    /// Whether it keeps the consignee that its line had so far.
    pub keeps_consignee: bool,
}

/// What somebody else has to do first. Earlier variants are requested first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// The requester has to answer an offer in kind.
    Acceptance,
    /// Somebody has to approve or disapprove the order. After that the order can be changed, or the lot is free.
    Approval,
    /// The supplier has to be asked for another quantity.
    Change,
    /// A donor gives the goods. Somebody has to talk to the donor, and the secretariat cancels the lot.
    InKind,
    /// The supplier has to be informed of another consignee.
    Redirect,
}

/// A lot that cannot follow at once, because others have to act first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Needed {
    /// What has to be done.
    pub need: Need,
    /// The lot.
    pub lot: LotId,
    /// The order that the lot is on. `None` means that it was offered in kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Its current quantity.
    #[serde(with = "super::quantity::text")]
    #[schema(value_type = String, example = "6")]
    pub from: Quantity,
    /// The quantity that it would have.
    #[serde(with = "super::quantity::text")]
    #[schema(value_type = String, example = "2")]
    pub to: Quantity,
    /// The consignee that it would go to. Only set if the supplier has to be informed of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consignee: Option<String>,
}

impl Needed {
    /// The command that requests it.
    #[must_use]
    pub fn how(&self) -> String {
        let Self { lot, to, .. } = self;
        let order = self.order.as_deref().unwrap_or("ORDER");
        let consignee = self.consignee.as_deref().unwrap_or("CONSIGNEE");
        match self.need {
            Need::Change => format!("waybill order change {order} {lot}={to}"),
            Need::Approval => format!("waybill order disapprove {order}"),
            Need::Acceptance => format!("waybill in-kind refuse {lot}"),
            Need::InKind => format!("waybill show {order}"),
            Need::Redirect => format!("waybill redirect {lot} --to {consignee}"),
        }
    }
}

/// How the lots of a line follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The quantity of the line for now: the requested quantity, and what others still have to agree to give up.
    pub quantity: Quantity,
    /// The lots that change.
    pub lots: Vec<Followed>,
    /// The quantity of a new lot, if one is needed.
    pub new: Option<Quantity>,
    pub needs: Vec<Needed>,
}

/// Why a line cannot be changed as requested.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfollowable {
    /// The new quantity is less than what has been delivered or is on its way.
    #[error("quantity: {delivered} are already delivered{}, so it cannot be lowered to {wanted}", also(.on_way))]
    Below { wanted: Quantity, delivered: Quantity, on_way: Quantity },
    /// The item, unit or kind would change, but something was already ordered or delivered.
    #[error("{field}: {lot} with {quantity} {stands} as `{from}`: {way_out}")]
    Otherwise {
        field: &'static str,
        /// The value so far.
        from: String,
        lot: LotId,
        quantity: Quantity,
        /// How far the lot is, as a phrase.
        stands: &'static str,
        /// What to do first, as a phrase.
        way_out: String,
    },
}

fn also(on_way: &Quantity) -> String {
    if on_way.is_zero() { String::new() } else { format!(" and {on_way} are on their way") }
}

/// How far a lot is, as far as amendments are concerned. Earlier variants are reduced first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// Ended without delivery, and nobody waits for it.
    Ended,
    /// Declined by validation or a review.
    Declined,
    /// Merged into a lot of another line.
    Merged,
    /// Free, at this step of the pipeline, counted from 0.
    Free { step: usize, is_held: bool },
    /// Somebody else has to act first.
    Others(Need),
    /// Delivered, though perhaps not paid yet.
    Delivered,
}

fn standing(lot: &Lot, steps: &[StepName]) -> Standing {
    let awaits = match lot.state() {
        LotState::Closed(Outcome::Delivered) => return Standing::Delivered,
        LotState::Closed(Outcome::Declined(_)) => return Standing::Declined,
        LotState::Closed(Outcome::Merged { into }) if into.line() != lot.line() => {
            return Standing::Merged;
        }
        LotState::Closed(Outcome::Merged { .. } | Outcome::Cancelled | Outcome::Short) => {
            return Standing::Ended;
        }
        LotState::Waiting { awaits, .. } => Some(awaits),
        LotState::Ready { .. } | LotState::RetryAt { .. } | LotState::Parked { .. } => None,
    };
    match awaits {
        Some(Awaited::Payment { .. }) => return Standing::Delivered,
        Some(Awaited::Acceptance { .. }) => return Standing::Others(Need::Acceptance),
        Some(Awaited::Approval { .. }) => return Standing::Others(Need::Approval),
        Some(
            Awaited::Review { .. }
            | Awaited::Funding
            | Awaited::Offer
            | Awaited::Consent { .. }
            | Awaited::Gathering
            | Awaited::Response { .. }
            | Awaited::Terms { .. }
            | Awaited::Delivery { .. }
            | Awaited::Amendment { .. }
            | Awaited::Release,
        )
        | None => {}
    }
    if lot.in_kind.is_some() {
        return Standing::Others(Need::InKind);
    }
    if lot.order.is_some() {
        return Standing::Others(Need::Change);
    }
    let step = lot.state().step().and_then(|step| steps.iter().position(|known| known == step));
    let is_held = matches!(awaits, Some(Awaited::Release));
    Standing::Free { step: step.unwrap_or(0), is_held }
}

/// The quantity of a line that was delivered, and the quantity that is on its way.
#[must_use]
pub fn come(lots: &[Lot]) -> (Quantity, Quantity) {
    let (mut delivered, mut on_way) = (Quantity::ZERO, Quantity::ZERO);
    for lot in lots {
        match standing(lot, &[]) {
            Standing::Delivered => delivered = Quantity(delivered.0 + lot.quantity.0),
            Standing::Others(_) => {
                on_way = Quantity(on_way.0 + lot.shipped.min(lot.quantity).0);
            }
            Standing::Ended | Standing::Declined | Standing::Merged | Standing::Free { .. } => {}
        }
    }
    (delivered, on_way)
}

/// Plans how `lots`, all lots of the line `old`, follow `new`. `steps` are the steps of the pipeline, in order.
///
/// # Errors
/// [`Unfollowable`] if the change contradicts what was delivered or is on order.
pub fn plan(
    lots: &[Lot],
    old: &Line,
    new: &Line,
    steps: &[StepName],
) -> Result<Plan, Unfollowable> {
    let mut standings: Vec<(Standing, &Lot)> =
        lots.iter().map(|lot| (standing(lot, steps), lot)).collect();
    otherwise(&standings, old, new)?;
    let total: i64 = lots.iter().map(|lot| lot.quantity.0).sum();
    let (delivered, on_way) = come(lots);
    if new.quantity.0 < total && new.quantity.0 < delivered.0 + on_way.0 {
        let wanted = new.quantity;
        return Err(Unfollowable::Below { wanted, delivered, on_way });
    }
    // The least advanced lots come first, and of these the one with the highest part number.
    standings.sort_by_key(|(standing, lot)| (*standing, std::cmp::Reverse(lot.id)));
    let mut planned = Planned { old, new, lots: Vec::new(), needs: Vec::new(), new_lot: None };
    let left = planned.lower(&standings, (total - new.quantity.0).max(0));
    planned.raise(&standings, (new.quantity.0 - total).max(0));
    planned.redirects(&standings);
    let Planned { lots: mut followed, needs, new_lot, .. } = planned;
    let stays = |followed: &Followed| {
        let lot = lots.iter().find(|lot| lot.id == followed.lot);
        let is_same = lot.is_some_and(|lot| lot.quantity == followed.quantity);
        followed.following == Following::Stays && is_same && !followed.keeps_consignee
    };
    followed.retain(|lot| !stays(lot));
    followed.sort_by_key(|followed| followed.lot);
    let quantity = Quantity(new.quantity.0 + left);
    Ok(Plan { quantity, lots: followed, new: new_lot, needs })
}

/// Refuses another item, unit or kind if something was ordered or delivered.
fn otherwise(standings: &[(Standing, &Lot)], old: &Line, new: &Line) -> Result<(), Unfollowable> {
    let field = if old.item != new.item {
        ("item", old.item.clone())
    } else if old.unit != new.unit {
        ("unit", old.unit.to_string())
    } else if old.kind != new.kind {
        ("kind", format!("{:?}", old.kind).to_lowercase())
    } else {
        return Ok(());
    };
    let (field, from) = field;
    for (standing, lot) in standings.iter().filter(|(_, lot)| !lot.quantity.is_zero()) {
        let id = lot.id;
        let order = lot.order.as_deref().unwrap_or("ORDER");
        let (stands, way_out) = match standing {
            Standing::Ended | Standing::Declined | Standing::Merged | Standing::Free { .. } => {
                continue;
            }
            Standing::Delivered => ("is already delivered", "submit a new line".to_owned()),
            Standing::Others(Need::Acceptance) => (
                "is offered in kind",
                format!("refuse the offer first: waybill in-kind refuse {id}"),
            ),
            Standing::Others(Need::Approval) => {
                ("is on order", format!("disapprove it first: waybill order disapprove {order}"))
            }
            Standing::Others(Need::Change | Need::Redirect) => {
                ("is on order", format!("cancel it first: waybill order cancel {order} --lot {id}"))
            }
            Standing::Others(Need::InKind) => ("is given in kind", "submit a new line".to_owned()),
        };
        let quantity = lot.quantity;
        return Err(Unfollowable::Otherwise { field, from, lot: id, quantity, stands, way_out });
    }
    Ok(())
}

/// A plan that is being made.
struct Planned<'a> {
    old: &'a Line,
    new: &'a Line,
    lots: Vec<Followed>,
    needs: Vec<Needed>,
    new_lot: Option<Quantity>,
}

impl Planned<'_> {
    /// Reduces lots by `cut` in total. Returns the quantity that others still have to agree to give up.
    fn lower(&mut self, standings: &[(Standing, &Lot)], mut cut: i64) -> i64 {
        let mut left = 0;
        for (standing, lot) in standings {
            let reducible = match standing {
                Standing::Delivered => 0,
                Standing::Others(_) => lot.quantity.less(lot.shipped).0,
                Standing::Ended | Standing::Declined | Standing::Merged | Standing::Free { .. } => {
                    lot.quantity.0
                }
            };
            let by = reducible.min(cut);
            cut -= by;
            let to = Quantity(lot.quantity.0 - by);
            let mut quantity = to;
            let following = match standing {
                Standing::Delivered => Following::Stays,
                Standing::Ended => Following::Stays,
                Standing::Others(need) => {
                    quantity = lot.quantity;
                    left += by;
                    if by > 0 {
                        let (order, from) = (lot.order.clone(), lot.quantity);
                        let (need, lot, consignee) = (*need, lot.id, None);
                        self.needs.push(Needed { need, lot, order, from, to, consignee });
                    }
                    Following::Stays
                }
                // Nothing of it is left, so it keeps the end that it had.
                Standing::Declined | Standing::Merged if to.is_zero() => Following::Stays,
                Standing::Merged if self.old.likeness() == self.new.likeness() => Following::Stays,
                Standing::Declined | Standing::Merged => Following::Reopened,
                Standing::Free { .. } if to.is_zero() => Following::Cancelled,
                Standing::Free { is_held: true, .. } => Following::Held,
                Standing::Free { is_held: false, .. } => Following::Anew,
            };
            let keeps_consignee = self.keeps_consignee(*standing, lot);
            let lot = lot.id;
            self.lots.push(Followed { lot, quantity, following, keeps_consignee });
        }
        left
    }

    /// Lots on order and delivered lots keep the old consignee. Only free lots go to the new one.
    fn keeps_consignee(&self, standing: Standing, lot: &Lot) -> bool {
        let is_fixed = match standing {
            Standing::Others(_) | Standing::Delivered => true,
            Standing::Ended | Standing::Declined | Standing::Merged | Standing::Free { .. } => {
                false
            }
        };
        is_fixed && lot.consignee.is_none() && self.old.consignee != self.new.consignee
    }

    /// Adds `more` to an open lot, or else plans a new lot. Free lots come first, then held lots, then declined
    /// ones.
    fn raise(&mut self, standings: &[(Standing, &Lot)], more: i64) {
        if more == 0 {
            return;
        }
        let takes = |standing: Standing| match standing {
            Standing::Free { is_held: false, .. } => Some(2),
            Standing::Free { is_held: true, .. } => Some(1),
            Standing::Declined => Some(0),
            Standing::Ended | Standing::Merged | Standing::Others(_) | Standing::Delivered => None,
        };
        let open = standings.iter().filter(|(_, lot)| !lot.quantity.is_zero());
        let open = open.filter_map(|(standing, lot)| Some((takes(*standing)?, lot.id)));
        let place = open.max().and_then(|(_, id)| self.lots.iter_mut().find(|l| l.lot == id));
        match place {
            Some(followed) => followed.quantity.0 += more,
            None => self.new_lot = Some(Quantity(more)),
        }
    }

    /// Lots on order go to the old consignee until their supplier has been informed.
    fn redirects(&mut self, standings: &[(Standing, &Lot)]) {
        if self.old.consignee == self.new.consignee {
            return;
        }
        for (standing, lot) in standings {
            let is_to_come = *standing == Standing::Others(Need::Change)
                && lot.shipped < lot.quantity
                && lot.consignee.is_none();
            if is_to_come {
                self.needs.push(Needed {
                    need: Need::Redirect,
                    lot: lot.id,
                    order: lot.order.clone(),
                    from: lot.quantity,
                    to: lot.quantity,
                    consignee: Some(self.new.consignee.clone()),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use proptest::prelude::*;

    use super::*;
    use crate::ids::LineId;
    use crate::kinds::StepKind;
    use crate::lot::{Decline, Priority};
    use crate::money::Currency;
    use crate::requisition::Kind;

    const STEPS: &[&str] = StepKind::NAMES;

    fn steps() -> Vec<StepName> {
        StepKind::ALL.iter().copied().map(StepName::from).collect()
    }

    fn line(quantity: i64) -> Line {
        Line {
            external_id: "A-1".into(),
            requester: "MIN".into(),
            item: "Laptop".into(),
            description: String::new(),
            kind: Kind::Goods,
            classification: "30213100-6".into(),
            scheme: "CPV".into(),
            quantity: Quantity(quantity * 1000),
            unit: "H87".parse().expect("a unit"),
            unit_estimate: crate::price::Price::new(0, Currency::EUR),
            priority: Priority { class: 1, rank: 1 },
            requested: NaiveDate::default(),
            needed_by: None,
            consignee: "SITE-1".into(),
            smallest_lot: None,
            together: None,
            tolerance_per_mille: 0,
            source: String::new(),
        }
    }

    /// Puts `lot` into a state, chosen by number.
    fn place(kind: u8, lot: &mut Lot) {
        let wait = |step: usize, awaits| LotState::Waiting {
            step: StepName::new(STEPS[step]),
            awaits,
            until: None,
        };
        let order = || "PO-1".to_owned();
        let decline = || Decline { code: "prohibited_item".into(), text: String::new() };
        lot.goes_to(match kind {
            0 => LotState::Ready { step: StepName::new(STEPS[0]), attempt: 1 },
            1 => wait(0, Awaited::Review { group: "it".into(), twin: None }),
            2 => wait(1, Awaited::Funding),
            3 => wait(1, Awaited::Consent { donors: vec!["D1".into()] }),
            4 => wait(1, Awaited::Release),
            5 => wait(2, Awaited::Gathering),
            6 => wait(2, Awaited::Response { order: order() }),
            7 => wait(3, Awaited::Delivery { order: order() }),
            8 => wait(3, Awaited::Payment { order: order() }),
            9 => LotState::Closed(Outcome::Delivered),
            10 => LotState::Closed(Outcome::Cancelled),
            11 => LotState::Closed(Outcome::Declined(decline())),
            12 => LotState::Closed(Outcome::Short),
            13 => LotState::Closed(Outcome::Merged { into: LotId(99 << 20) }),
            _ => LotState::Parked { step: StepName::new(STEPS[0]), incident: "late".into() },
        });
        lot.order = matches!(kind, 6..=8).then(order);
    }

    fn lots(places: &[(u8, i64)]) -> Vec<Lot> {
        let lot = |(part, (kind, quantity)): (usize, &(u8, i64))| {
            let id = LotId::of(LineId(1), part as i64).expect("an id");
            let priority = Priority { class: 1, rank: 1 };
            let quantity = Quantity(quantity * 1000);
            let mut lot = Lot::new(id, quantity, priority, StepName::new(STEPS[0]));
            place(*kind, &mut lot);
            lot
        };
        places.iter().enumerate().map(lot).collect()
    }

    fn planned(places: &[(u8, i64)], to: i64) -> Result<Plan, Unfollowable> {
        let total = places.iter().map(|(_, quantity)| quantity).sum();
        plan(&lots(places), &line(total), &line(to), &steps())
    }

    /// The part number, quantity and kind of following of each changed lot.
    fn told(plan: &Plan) -> Vec<(i64, i64, Following)> {
        let told = |f: &Followed| (f.lot.part(), f.quantity.0 / 1000, f.following);
        plan.lots.iter().map(told).collect()
    }

    #[test]
    fn what_is_free_is_given_up_down_to_what_was_delivered() {
        // 8 are delivered and paid, 12 are held.
        let below = planned(&[(9, 8), (4, 12)], 7).expect_err("below");
        assert!(below.to_string().contains("8 are already delivered"), "{below}");
        let plan = planned(&[(9, 8), (4, 12)], 8).expect("a plan");
        assert_eq!(told(&plan), [(1, 0, Following::Cancelled)]);
        let plan = planned(&[(9, 8), (4, 12)], 10).expect("a plan");
        assert_eq!(told(&plan), [(1, 2, Following::Held)], "held it stays");
    }

    #[test]
    fn what_is_on_order_needs_its_supplier_after_all_that_is_free() {
        let plan = planned(&[(8, 4), (7, 6)], 6).expect("a plan");
        assert_eq!(plan.quantity, Quantity(10_000), "both are kept until it answers");
        assert_eq!(told(&plan), []);
        let how: Vec<String> = plan.needs.iter().map(Needed::how).collect();
        assert_eq!(how, [format!("waybill order change PO-1 {}=2", plan.needs[0].lot)]);
        // The 5 free units go first: those of the least advanced lot, and of equal lots those of the last part.
        let plan = planned(&[(2, 2), (7, 6), (0, 1), (2, 2)], 7).expect("a plan");
        let free =
            [(0, 1, Following::Anew), (2, 0, Following::Cancelled), (3, 0, Following::Cancelled)];
        assert_eq!(told(&plan), free);
        assert_eq!(plan.needs, []);
    }

    #[test]
    fn more_goes_to_what_is_free_or_becomes_a_lot_of_its_own() {
        assert_eq!(
            told(&planned(&[(9, 8), (2, 2)], 15).expect("a plan")),
            [(1, 7, Following::Anew)]
        );
        let plan = planned(&[(9, 8), (7, 2)], 15).expect("a plan");
        assert_eq!((told(&plan), plan.new), (vec![], Some(Quantity(5000))));
        let plan = planned(&[(10, 8)], 15).expect("a plan");
        assert_eq!(plan.new, Some(Quantity(7000)), "cancelled stays cancelled");
        assert_eq!(told(&planned(&[(11, 8)], 9).expect("a plan")), [(0, 9, Following::Reopened)]);
    }

    #[test]
    fn another_item_is_for_what_is_free_alone() {
        let steps = steps();
        let mut tablets = line(10);
        tablets.item = "Tablet".into();
        let free = plan(&lots(&[(11, 4), (2, 6)]), &line(10), &tablets, &steps).expect("a plan");
        assert_eq!(free.lots.len(), 2);
        for (places, way_out) in [
            (&[(7, 4), (2, 6)], "waybill order cancel PO-1 --lot"),
            (&[(9, 4), (2, 6)], "new line"),
        ] {
            let refused = plan(&lots(places), &line(10), &tablets, &steps).expect_err("fixed");
            let text = refused.to_string();
            assert!(text.starts_with("item: ") && text.contains(way_out), "{text}");
            assert!(text.contains("`Laptop`"), "{text}");
        }
    }

    #[test]
    fn another_consignee_is_told_to_the_supplier_and_changes_no_past() {
        let mut elsewhere = line(20);
        elsewhere.consignee = "SITE-2".into();
        let lots = lots(&[(9, 8), (7, 6), (2, 6)]);
        let plan = plan(&lots, &line(20), &elsewhere, &steps()).expect("a plan");
        let keeps: Vec<bool> = plan.lots.iter().map(|lot| lot.keeps_consignee).collect();
        assert_eq!(keeps, [true, true, false]);
        let how: Vec<String> = plan.needs.iter().map(Needed::how).collect();
        assert_eq!(how, [format!("waybill redirect {} --to SITE-2", lots[1].id)]);
    }

    proptest! {
        #[test]
        fn lots_add_up_and_what_came_stays(
            places in proptest::collection::vec((0_u8..15, 0_i64..20), 1..8),
            to in 1_i64..120,
        ) {
            let known = lots(&places);
            let (delivered, on_way) = come(&known);
            let plan = match planned(&places, to) {
                Ok(plan) => plan,
                Err(error) => {
                    prop_assert!(to * 1000 < delivered.0 + on_way.0, "{error}");
                    return Ok(());
                }
            };
            let now = |lot: &Lot| plan.lots.iter().find(|f| f.lot == lot.id).map(|f| f.quantity);
            let after: Vec<i64> =
                known.iter().map(|lot| now(lot).unwrap_or(lot.quantity).0).collect();
            let sum = after.iter().sum::<i64>() + plan.new.unwrap_or_default().0;
            prop_assert_eq!(sum, plan.quantity.0);
            // The quantity that others have to give up is the whole difference to the wanted quantity.
            let given: i64 = plan.needs.iter().map(|need| need.from.0 - need.to.0).sum();
            prop_assert_eq!(plan.quantity.0 - given, to * 1000);
            for (lot, after) in known.iter().zip(&after) {
                prop_assert!(*after >= 0);
                if standing(lot, &[]) == Standing::Delivered {
                    prop_assert_eq!(*after, lot.quantity.0);
                }
            }
            // Nobody is asked while something is free.
            if !plan.needs.is_empty() {
                let is_free = |lot: &Lot| matches!(
                    standing(lot, &[]),
                    Standing::Ended | Standing::Declined | Standing::Merged | Standing::Free { .. }
                );
                let free = known.iter().zip(&after).filter(|(lot, _)| is_free(lot));
                prop_assert_eq!(free.map(|(_, after)| after).sum::<i64>(), 0);
            }
        }
    }
}
