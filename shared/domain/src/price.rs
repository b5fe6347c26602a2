//! Prices: money for a number of units, exact to six decimals. What is bought at a price costs whole minor units
//! again.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::money::{Currency, Money, MoneyError, decimal};
use super::quantity::Quantity;

/// The maximum number of decimals of a price, however few its currency has.
pub const DECIMALS: u32 = 6;

/// The maximum number of units that one price may be for.
pub const MOST: u32 = 1_000_000;

/// A price: minor units of a currency for a number of units. EUR 0.125 is 125 cents for 10 units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Written")]
pub struct Price {
    /// Minor units: cents for EUR, yen for JPY.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
    /// The number of units that the amount is for, from 1 to 1,000,000. The default is 1.
    #[serde(skip_serializing_if = "is_one")]
    #[schema(required = false, minimum = 1, maximum = 1_000_000)]
    pub per: u32,
}

/// The serialized form of a price.
#[derive(Deserialize)]
struct Written {
    minor: i64,
    currency: Currency,
    #[serde(default = "one")]
    per: u32,
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one(per: &u32) -> bool {
    *per == 1
}

impl TryFrom<Written> for Price {
    type Error = MoneyError;

    fn try_from(written: Written) -> Result<Self, MoneyError> {
        Self::new(written.minor, written.currency).each(written.per)
    }
}

impl From<Money> for Price {
    fn from(money: Money) -> Self {
        Self::new(money.minor, money.currency)
    }
}

impl Price {
    /// `minor` minor units of `currency` for one unit.
    #[must_use]
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency, per: 1 }
    }

    /// Reads a plain decimal such as `0.125`, exactly.
    ///
    /// # Errors
    /// [`MoneyError`] if it is not a number, has more than six decimals, or does not fit.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let (digits, decimals) =
            decimal(text).ok_or_else(|| MoneyError::NotANumber(text.to_owned()))?;
        let most = DECIMALS.max(currency.decimals());
        if decimals > most {
            return Err(MoneyError::PriceDecimals { value: text.to_owned(), decimals: most });
        }
        let more = currency.decimals().saturating_sub(decimals);
        let below = decimals.saturating_sub(currency.decimals());
        let minor = digits.checked_mul(10_i128.pow(more)).and_then(|minor| minor.try_into().ok());
        Self::new(minor.ok_or(MoneyError::Overflow)?, currency).each(10_u32.pow(below))
    }

    /// The same amount for `units` times as many units, in its shortest form.
    ///
    /// # Errors
    /// [`MoneyError::Per`] if the number of units is zero or too large.
    pub fn each(self, units: u32) -> Result<Self, MoneyError> {
        let per = u64::from(self.per) * u64::from(units);
        let (mut minor, mut per) = (self.minor, per);
        while per > 1 && per % 10 == 0 && minor % 10 == 0 {
            (minor, per) = (minor / 10, per / 10);
        }
        let per = u32::try_from(per).ok().filter(|per| (1..=MOST).contains(per));
        let per = per.ok_or(MoneyError::Per(units))?;
        Ok(Self { minor, currency: self.currency, per })
    }

    /// The cost of `quantity`, rounded half up to the minor unit.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] past `i64`.
    pub fn of(self, quantity: Quantity) -> Result<Money, MoneyError> {
        self.of_each(quantity, Quantity(Quantity::ONE))
    }

    /// The same if the price is for `each`, such as the content of one pack.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] past `i64`.
    pub fn of_each(self, quantity: Quantity, each: Quantity) -> Result<Money, MoneyError> {
        let base = each.0.checked_mul(i64::from(self.per)).ok_or(MoneyError::Overflow)?;
        Money::new(self.minor, self.currency).scaled(quantity.0, base)
    }

    /// This price times `numerator / denominator`, rounded half up to its last decimal.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] past `i64`.
    pub fn scaled(self, numerator: i64, denominator: i64) -> Result<Self, MoneyError> {
        // As many decimals as possible, unless the price is for another number of units.
        let fine = 10_u32.pow(DECIMALS.saturating_sub(self.currency.decimals()));
        let per = if fine.is_multiple_of(self.per) { fine } else { self.per };
        let whole = Money::new(self.minor, self.currency).scaled(i64::from(per / self.per), 1)?;
        Self::new(whole.scaled(numerator, denominator)?.minor, self.currency).each(per)
    }

    /// Whether this exceeds `other` by more than `per_mille` of it. Always false for different currencies.
    #[must_use]
    pub fn is_beyond(self, other: Self, per_mille: i64) -> bool {
        let (own, known) = (self.for_all(other), other.for_all(self));
        self.currency == other.currency && own * 1000 > known * i128::from(1000 + per_mille)
    }

    /// The cost of `self.per * other.per` units, which makes two prices comparable.
    #[must_use]
    pub fn for_all(self, other: Self) -> i128 {
        i128::from(self.minor) * i128::from(other.per)
    }

    /// The price as a plain decimal, such as `0.125`, without its currency. If the number of units is not 1, 10,
    /// 100 and so on, this is the amount for all of them.
    #[must_use]
    pub fn decimal(self) -> String {
        let money = Money::new(self.minor, self.currency);
        match self.below() {
            Some(0) | None => money.decimal(),
            Some(below) => {
                let decimals = (self.currency.decimals() + below) as usize;
                let sign = if self.minor < 0 { "-" } else { "" };
                let digits =
                    format!("{:0>width$}", self.minor.unsigned_abs(), width = decimals + 1);
                let (whole, fraction) = digits.split_at(digits.len() - decimals);
                format!("{sign}{whole}.{fraction}")
            }
        }
    }

    /// How many decimals the price has beyond the minor unit. `None` if it is not for 1, 10, 100 and so on units.
    fn below(self) -> Option<u32> {
        let below = self.per.ilog10();
        (10_u32.pow(below) == self.per).then_some(below)
    }
}

impl fmt::Display for Price {
    /// `EUR 1,250.00`, `EUR 0.125`, `EUR 1.00 per 3`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let money = Money::new(self.minor, self.currency);
        match self.below() {
            Some(0) => money.fmt(f),
            Some(_) => write!(f, "{} {}", self.currency, self.decimal()),
            None => write!(f, "{money} per {}", self.per),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn eur(text: &str) -> Price {
        Price::parse(text, Currency::EUR).expect(text)
    }

    #[test]
    fn a_price_has_six_decimals_and_what_it_buys_has_two() {
        for (text, shown, thousand) in [
            ("0.125", "EUR 0.125", 12_500),
            ("0.07", "EUR 0.07", 7_000),
            ("1250.50", "EUR 1,250.50", 125_050_000),
            ("0.000001", "EUR 0.000001", 0),
            ("12.3400", "EUR 12.34", 1_234_000),
        ] {
            let price = eur(text);
            assert_eq!(price.to_string(), shown);
            let cost = price.of(Quantity::whole(1000)).expect("small");
            assert_eq!(cost, Money::new(thousand, Currency::EUR), "{text}");
        }
        assert!(matches!(
            Price::parse("0.0000001", Currency::EUR),
            Err(MoneyError::PriceDecimals { decimals: 6, .. })
        ));
        let dozen = Price::new(100, Currency::EUR).each(12).expect("a dozen");
        assert_eq!(dozen.to_string(), "EUR 1.00 per 12");
        assert_eq!(dozen.of(Quantity::whole(6)), Ok(Money::new(50, Currency::EUR)));
        assert_eq!(Price::new(1250, Currency::EUR).each(100), Ok(eur("0.125")));
        assert!(Price::new(1, Currency::EUR).each(0).is_err());
    }

    #[test]
    fn a_rise_is_not_lost_below_a_cent() {
        assert_eq!(eur("0.07").scaled(103, 100), Ok(eur("0.0721")));
        assert!(eur("0.0721").is_beyond(eur("0.07"), 29));
        assert!(!eur("0.0721").is_beyond(eur("0.07"), 30));
    }

    #[test]
    fn a_price_is_read_as_the_money_that_it_was() {
        let old = r#"{"minor":90000,"currency":"EUR"}"#;
        let price: Price = serde_json::from_str(old).expect("money");
        assert_eq!(price, eur("900"));
        assert_eq!(serde_json::to_string(&price).expect("a text"), old);
        assert!(serde_json::from_str::<Price>(r#"{"minor":1,"currency":"EUR","per":0}"#).is_err());
    }

    proptest! {
        #[test]
        fn prices_read_back(minor in 1_i64..1_000_000_000, below in 0_u32..=4) {
            let price = Price::new(minor, Currency::EUR).each(10_u32.pow(below)).expect("a price");
            prop_assert_eq!(Price::parse(&price.decimal(), Currency::EUR), Ok(price));
            let text = serde_json::to_string(&price).expect("a text");
            prop_assert_eq!(serde_json::from_str::<Price>(&text).ok(), Some(price));
        }
    }
}
