//! Rows of a document. Several rows about one lot are added up, or contradict one another.

use super::document::{DespatchLine, PaymentLine, ReceiptLine, RejectReason, ResponseLine};
use super::ids::LotId;

/// A row because of which its document cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongRow {
    /// The number of the row, from 1.
    pub row: usize,
    pub field: &'static str,
    /// The value of the field in the row.
    pub value: String,
    /// What is wrong.
    pub detail: String,
    /// How to fix it.
    pub hint: String,
}

impl std::fmt::Display for WrongRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { row, field, value, detail, hint } = self;
        write!(f, "row {row}, {field} `{value}`: {detail}; {hint}")
    }
}

/// A row of a document that is about one lot.
pub trait Row: Clone {
    fn lot(&self) -> LotId;

    /// Adds another row about the same lot.
    ///
    /// # Errors
    /// The field, its value in `other`, and why the two rows contradict each other.
    fn add(&mut self, other: &Self) -> Result<(), (&'static str, String, String)>;
}

const TOO_MUCH: &str = "together with the earlier rows is too large";

impl Row for DespatchLine {
    fn lot(&self) -> LotId {
        self.lot
    }

    fn add(&mut self, other: &Self) -> Result<(), (&'static str, String, String)> {
        let sum = self.quantity.0.checked_add(other.quantity.0);
        let too_much = || ("quantity", other.quantity.to_string(), TOO_MUCH.to_owned());
        self.quantity.0 = sum.ok_or_else(too_much)?;
        Ok(())
    }
}

impl Row for ReceiptLine {
    fn lot(&self) -> LotId {
        self.lot
    }

    fn add(&mut self, other: &Self) -> Result<(), (&'static str, String, String)> {
        if self.remedy != other.remedy {
            let value = format!("{:?}", other.remedy).to_lowercase();
            let detail = format!("an earlier row of {} asks for a different remedy", self.lot);
            return Err(("remedy", value, detail));
        }
        let accepted = self.accepted.0.checked_add(other.accepted.0);
        let too_much = || ("accepted", other.accepted.to_string(), TOO_MUCH.to_owned());
        self.accepted.0 = accepted.ok_or_else(too_much)?;
        let rejected = self.rejected.0.checked_add(other.rejected.0);
        let too_much = || ("rejected", other.rejected.to_string(), TOO_MUCH.to_owned());
        self.rejected.0 = rejected.ok_or_else(too_much)?;
        self.reject_reason = match (self.reject_reason, other.reject_reason) {
            (Some(reason), Some(more)) if reason != more => Some(RejectReason::Other),
            (reason, more) => reason.or(more),
        };
        Ok(())
    }
}

impl Row for PaymentLine {
    fn lot(&self) -> LotId {
        self.lot
    }

    fn add(&mut self, other: &Self) -> Result<(), (&'static str, String, String)> {
        let amount = || other.amount.to_string();
        if self.amount.currency != other.amount.currency {
            let detail = format!("an earlier row of {} is in a different currency", self.lot);
            return Err(("amount", amount(), detail));
        }
        let sum = self.amount.checked_add(other.amount);
        self.amount = sum.map_err(|_| ("amount", amount(), TOO_MUCH.to_owned()))?;
        self.is_final |= other.is_final;
        Ok(())
    }
}

impl Row for ResponseLine {
    fn lot(&self) -> LotId {
        self.lot
    }

    fn add(&mut self, other: &Self) -> Result<(), (&'static str, String, String)> {
        if self.answer == other.answer {
            return Ok(());
        }
        let detail = format!("an earlier row gives a different answer for {}", self.lot);
        Err(("lot", self.lot.to_string(), detail))
    }
}

/// Adds up the rows of each lot. The result has each lot once, in the order in which lots are first named.
///
/// # Errors
/// Every row that contradicts an earlier row of its lot.
pub fn added_up<R: Row>(rows: &[R]) -> Result<Vec<R>, Vec<WrongRow>> {
    let mut sums: Vec<R> = Vec::with_capacity(rows.len());
    let mut places = std::collections::HashMap::with_capacity(rows.len());
    let mut wrong = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let place = *places.entry(row.lot()).or_insert(sums.len());
        let Some(sum) = sums.get_mut(place) else {
            sums.push(row.clone());
            continue;
        };
        if let Err((field, value, detail)) = sum.add(row) {
            let hint = "send one row with the correct value".to_owned();
            wrong.push(WrongRow { row: index + 1, field, value, detail, hint });
        }
    }
    if wrong.is_empty() { Ok(sums) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{LineAnswer, Remedy};
    use crate::money::Money;
    use crate::quantity::Quantity;

    fn receipt(lot: i64, accepted: i64, remedy: Remedy) -> ReceiptLine {
        let (accepted, rejected) = (Quantity::whole(accepted), Quantity::whole(1));
        ReceiptLine { lot: LotId(lot), accepted, rejected, remedy, reject_reason: None }
    }

    #[test]
    fn rows_of_one_lot_add_up() {
        let rows = [
            receipt(1, 70, Remedy::Replace),
            receipt(2, 5, Remedy::Return),
            receipt(1, 30, Remedy::Replace),
        ];
        let sums = added_up(&rows).expect("sums");
        assert_eq!(sums.len(), 2);
        assert_eq!((sums[0].lot, sums[0].accepted), (LotId(1), Quantity::whole(100)));
        assert_eq!(sums[0].rejected, Quantity::whole(2));
        let paid = |minor, currency: &str, is_final| PaymentLine {
            lot: LotId(1),
            amount: Money::new(minor, currency.parse().expect("a currency")),
            is_final,
        };
        let sums = added_up(&[paid(1, "EUR", true), paid(2, "EUR", false)]).expect("sums");
        assert_eq!(sums, [paid(3, "EUR", true)]);
        let wrong = added_up(&[paid(1, "EUR", true), paid(2, "DKK", false)]).expect_err("wrong");
        assert_eq!((wrong[0].row, wrong[0].field), (2, "amount"));
    }

    #[test]
    fn rows_that_contradict_one_another_are_named() {
        let rows = [receipt(1, 1, Remedy::Replace), receipt(1, 1, Remedy::Return)];
        let wrong = added_up(&rows).expect_err("wrong");
        assert_eq!((wrong[0].row, wrong[0].field, &*wrong[0].value), (2, "remedy", "return"));
        let answer = |answer| ResponseLine { lot: LotId(1), answer };
        let refused = || LineAnswer::Refused { text: "no".to_owned() };
        assert!(added_up(&[answer(refused()), answer(LineAnswer::Accepted)]).is_err());
        assert_eq!(added_up(&[answer(refused()), answer(refused())]).expect("sums").len(), 1);
        let most = receipt(1, i64::MAX / 1000, Remedy::Replace);
        assert!(added_up(&[most.clone(), most]).is_err());
    }
}
