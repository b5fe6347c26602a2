//! Money as an integer in minor units of an ISO 4217 currency. It is never a floating-point number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An ISO 4217 currency, by its alphabetic code.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "EUR")]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The euro, the base of every rate table.
    pub const EUR: Self = Self(iso_currency::Currency::EUR);

    /// The number of decimals of the minor unit: 2 for EUR, 0 for JPY, 3 for BHD.
    #[must_use]
    pub fn decimals(self) -> u32 {
        u32::from(self.0.exponent().unwrap_or(0))
    }

    fn minor_per_major(self) -> i128 {
        10_i128.pow(self.decimals())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code())
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.to_string()
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(code: String) -> Result<Self, MoneyError> {
        code.parse()
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        iso_currency::Currency::from_code(code)
            .filter(|currency| currency.exponent().is_some())
            .map(Self)
            .ok_or_else(|| MoneyError::UnknownCurrency(code.to_owned()))
    }
}

/// Why an amount could not be read or computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The code is not an ISO 4217 currency with a minor unit.
    #[error("`{0}` is not an ISO 4217 currency code (such as EUR)")]
    UnknownCurrency(String),
    /// Two amounts in different currencies cannot be added.
    #[error("{0} and {1} cannot be added: convert one of them at a stated rate first")]
    Currency(Currency, Currency),
    /// The result does not fit.
    #[error("the amount is too large")]
    Overflow,
    /// The text is not a decimal number.
    #[error("`{0}` is not an amount (such as 1250.00)")]
    NotANumber(String),
    /// More decimals than the currency has.
    #[error("`{value}` has more than the {decimals} decimals of {currency}")]
    Decimals { value: String, currency: Currency, decimals: u32 },
    /// More decimals than a price may have.
    #[error("`{value}` has more than the {decimals} decimals of a price")]
    PriceDecimals { value: String, decimals: u32 },
    /// A price for zero units, or for too many.
    #[error("a price must be for 1 to 1,000,000 units, not for {0}")]
    Per(u32),
    /// Not a positive decimal with at most eight decimals.
    #[error("`{0}` is not a rate (a positive number with at most 8 decimals)")]
    Rate(String),
}

/// An amount in minor units (cents) of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Money {
    /// Minor units: cents for EUR, yen for JPY.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// `minor` minor units of `currency`.
    #[must_use]
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Reads a plain decimal such as `1250.5`, exactly.
    ///
    /// # Errors
    /// [`MoneyError::NotANumber`]; [`MoneyError::Decimals`] if it has more decimals than the currency, even if they
    /// are zeros; [`MoneyError::Overflow`] past `i64`.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let (minor, decimals) =
            decimal(text).ok_or_else(|| MoneyError::NotANumber(text.to_owned()))?;
        if decimals > currency.decimals() {
            return Err(MoneyError::Decimals {
                value: text.to_owned(),
                currency,
                decimals: currency.decimals(),
            });
        }
        let minor = minor
            .checked_mul(10_i128.pow(currency.decimals() - decimals))
            .and_then(|minor| i64::try_from(minor).ok())
            .ok_or(MoneyError::Overflow)?;
        Ok(Self::new(minor, currency))
    }

    /// The amount as a plain decimal, such as `1250.50`, without its currency.
    #[must_use]
    pub fn decimal(self) -> String {
        let unit = self.currency.minor_per_major();
        let amount = i128::from(self.minor).abs();
        let sign = if self.minor < 0 { "-" } else { "" };
        match self.currency.decimals() {
            0 => format!("{sign}{amount}"),
            decimals => {
                let (whole, rest) = (amount / unit, amount % unit);
                format!("{sign}{whole}.{rest:0width$}", width = decimals as usize)
            }
        }
    }

    /// Adds two amounts of one currency, in minor units (cents).
    ///
    /// # Errors
    /// [`MoneyError::Currency`] if the currencies differ, [`MoneyError::Overflow`] past `i64`.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Currency(self.currency, other.currency));
        }
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(minor, self.currency))
    }

    /// This amount times `numerator / denominator`, rounded half up.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] past `i64`, or if the denominator is zero.
    pub fn scaled(self, numerator: i64, denominator: i64) -> Result<Self, MoneyError> {
        let product = i128::from(self.minor) * i128::from(numerator);
        let minor = round_div(product, i128::from(denominator)).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(i64::try_from(minor).map_err(|_| MoneyError::Overflow)?, self.currency))
    }

    /// Splits this amount by `weights` with the largest-remainder (Hamilton) method. The shares add up exactly.
    /// Equal remainders go to the earlier weight. If all weights are zero, they count as equal.
    #[must_use]
    pub fn shares(self, weights: &[u64]) -> Vec<Self> {
        if weights.is_empty() {
            return Vec::new();
        }
        let sum: u128 = weights.iter().map(|w| u128::from(*w)).sum();
        let weight = |i: usize| if sum == 0 { 1 } else { u128::from(weights[i]) };
        let total = if sum == 0 { weights.len() as u128 } else { sum };
        let amount = u128::from(self.minor.unsigned_abs());
        let mut parts: Vec<u128> = (0..weights.len()).map(|i| amount * weight(i) / total).collect();
        let left = (amount - parts.iter().sum::<u128>()) as usize;
        let mut order: Vec<usize> = (0..weights.len()).collect();
        order.sort_by_key(|i| std::cmp::Reverse(amount * weight(*i) % total));
        for i in order.into_iter().take(left) {
            parts[i] += 1;
        }
        let sign = self.minor.signum();
        parts.into_iter().map(|part| Self::new(part as i64 * sign, self.currency)).collect()
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    /// Reads an amount with its currency as people write it: `EUR 12,345.67`, `5M EUR`, `250k DKK`.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let wrong = || MoneyError::NotANumber(text.to_owned());
        let (first, second) = text.trim().split_once(char::is_whitespace).ok_or_else(wrong)?;
        let (amount, currency) = match first.parse::<Currency>() {
            Ok(currency) => (second.trim(), currency),
            Err(_) => (first, second.trim().parse()?),
        };
        let (digits, unit) = match amount.char_indices().last() {
            Some((at, 'k' | 'K')) => (&amount[..at], 1_000),
            Some((at, 'm' | 'M')) => (&amount[..at], 1_000_000),
            _ => (amount, 1),
        };
        // Commas separate groups of three digits. Anything else is a mistake.
        let whole = digits.split('.').next().unwrap_or(digits);
        let mut groups = whole.rsplit(',').peekable();
        while let Some(group) = groups.next() {
            if groups.peek().is_some() && group.len() != 3 {
                return Err(wrong());
            }
        }
        let (number, decimals) = decimal(&digits.replace(',', "")).ok_or_else(wrong)?;
        let scaled = number
            .checked_mul(10_i128.pow(currency.decimals()))
            .and_then(|number| number.checked_mul(unit))
            .ok_or(MoneyError::Overflow)?;
        let below = 10_i128.pow(decimals);
        if scaled % below != 0 {
            let (value, decimals) = (text.to_owned(), currency.decimals());
            return Err(MoneyError::Decimals { value, currency, decimals });
        }
        let minor = i64::try_from(scaled / below).map_err(|_| MoneyError::Overflow)?;
        Ok(Self::new(minor, currency))
    }
}

impl fmt::Display for Money {
    /// `EUR 12,345.67`: code, then grouped digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = self.currency.minor_per_major();
        let amount = i128::from(self.minor).abs();
        let whole = (amount / unit).to_string();
        write!(f, "{} {}", self.currency, if self.minor < 0 { "-" } else { "" })?;
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        match self.currency.decimals() {
            0 => Ok(()),
            decimals => write!(f, ".{:0width$}", amount % unit, width = decimals as usize),
        }
    }
}

/// Units of a currency for one EUR, as the European Central Bank quotes them, in units of 10^-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "7.4605")]
pub struct Rate(i64);

impl Rate {
    const SCALE: i128 = 100_000_000;
    /// The rate of the euro itself.
    pub const ONE: Self = Self(Self::SCALE as i64);
}

impl FromStr for Rate {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        decimal(text)
            .filter(|(number, decimals)| *number > 0 && *decimals <= 8)
            .and_then(|(number, decimals)| number.checked_mul(10_i128.pow(8 - decimals)))
            .and_then(|scaled| i64::try_from(scaled).ok())
            .map(Self)
            .ok_or_else(|| MoneyError::Rate(text.to_owned()))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:08}", self.0 / Self::ONE.0, self.0 % Self::ONE.0);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

impl TryFrom<String> for Rate {
    type Error = MoneyError;

    fn try_from(text: String) -> Result<Self, MoneyError> {
        text.parse()
    }
}

/// How a conversion rounds to the minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero. This is for capacities, so that none is overstated.
    Down,
    /// Away from zero. This is for debits, so that they cover what is owed.
    Up,
    /// Half up. This is for amounts that people read.
    Nearest,
}

/// Converts `amount` to the currency `to`. Both rates are units for one EUR.
///
/// # Errors
/// [`MoneyError::Overflow`] past `i64`.
pub fn convert(
    amount: Money,
    from_rate: Rate,
    to: Currency,
    to_rate: Rate,
    rounding: Rounding,
) -> Result<Money, MoneyError> {
    let numerator = i128::from(amount.minor)
        .checked_mul(i128::from(to_rate.0))
        .and_then(|n| n.checked_mul(to.minor_per_major()))
        .ok_or(MoneyError::Overflow)?;
    let denominator = i128::from(from_rate.0) * amount.currency.minor_per_major();
    let minor = match rounding {
        Rounding::Down => Some(numerator / denominator),
        Rounding::Up => {
            let away = if numerator % denominator == 0 { 0 } else { numerator.signum() };
            Some(numerator / denominator + away)
        }
        Rounding::Nearest => round_div(numerator, denominator),
    };
    let minor = minor.and_then(|m| i64::try_from(m).ok()).ok_or(MoneyError::Overflow)?;
    Ok(Money::new(minor, to))
}

/// A plain decimal as (digits, decimals): `12.50` is (1250, 2). No exponent, no grouping.
pub fn decimal(text: &str) -> Option<(i128, u32)> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let valid = !whole.is_empty()
        && whole.len() + fraction.len() <= 30
        && (fraction.is_empty() != digits.contains('.'))
        && whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit());
    if !valid {
        return None;
    }
    let number: i128 = format!("{whole}{fraction}").parse().ok()?;
    Some((if negative { -number } else { number }, fraction.len() as u32))
}

fn round_div(numerator: i128, denominator: i128) -> Option<i128> {
    if denominator == 0 {
        return None;
    }
    let half = denominator.abs() / 2;
    Some((numerator + if numerator < 0 { -half } else { half }) / denominator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        code.parse().expect("known")
    }

    #[test]
    fn currencies_have_their_own_decimals() {
        for (code, text, minor, shown) in [
            ("EUR", "1234567.5", 123_456_750, "EUR 1,234,567.50"),
            ("JPY", "1500", 1500, "JPY 1,500"),
            ("BHD", "1.234", 1234, "BHD 1.234"),
            ("EUR", "-0.05", -5, "EUR -0.05"),
        ] {
            let money = Money::parse(text, currency(code)).expect(text);
            assert_eq!((money.minor, money.to_string()), (minor, shown.to_owned()));
        }
    }

    #[test]
    fn amounts_that_are_not_exact_are_refused() {
        let eur = Currency::EUR;
        assert!(matches!(Money::parse("1.234", eur), Err(MoneyError::Decimals { .. })));
        assert!(matches!(Money::parse("1.5", currency("JPY")), Err(MoneyError::Decimals { .. })));
        for text in ["", "-", ".5", "5.", "1e3", "1,000", " 1", "NaN", "٣", "1.2.3"] {
            assert_eq!(Money::parse(text, eur), Err(MoneyError::NotANumber(text.to_owned())));
        }
        assert_eq!(Money::parse("99999999999999999999", eur), Err(MoneyError::Overflow));
        assert!("XXX".parse::<Currency>().is_err());
        assert!("eur".parse::<Currency>().is_err());
        assert!("0".parse::<Rate>().is_err());
    }

    #[test]
    fn different_currencies_do_not_add() {
        let dkk = currency("DKK");
        assert_eq!(
            Money::zero(Currency::EUR).checked_add(Money::zero(dkk)),
            Err(MoneyError::Currency(Currency::EUR, dkk))
        );
    }

    #[test]
    fn conversion_rounds_as_asked() {
        let rate: Rate = "7.4605".parse().expect("a rate");
        let dkk = Money::new(1_000, currency("DKK"));
        let eur = |r| convert(dkk, rate, Currency::EUR, Rate::ONE, r).map(|m| m.minor);
        assert_eq!(eur(Rounding::Down), Ok(134));
        assert_eq!(eur(Rounding::Up), Ok(135));
        assert_eq!(eur(Rounding::Nearest), Ok(134));
        let jpy =
            convert(dkk, rate, currency("JPY"), "175.68".parse().expect("a rate"), Rounding::Down);
        assert_eq!(jpy.map(|m| m.minor), Ok(235));
    }

    proptest! {
        #[test]
        fn shares_add_up_and_are_fair(
            minor in -1_000_000_000_000_i64..1_000_000_000_000,
            weights in proptest::collection::vec(0_u64..1_000_000, 1..12),
        ) {
            let parts = Money::new(minor, Currency::EUR).shares(&weights);
            prop_assert_eq!(parts.iter().map(|p| p.minor).sum::<i64>(), minor);
            let total: i128 = weights.iter().map(|w| i128::from(*w)).sum();
            if total > 0 {
                for (part, weight) in parts.iter().zip(&weights) {
                    let exact = i128::from(minor) * i128::from(*weight);
                    prop_assert!((i128::from(part.minor) * total - exact).abs() < total);
                }
            }
        }

        #[test]
        fn shown_amounts_read_back(minor in any::<i64>(), code in prop_oneof!["EUR", "JPY", "BHD"]) {
            let money = Money::new(minor, currency(&code));
            let shown = money.to_string();
            let plain = shown[4..].replace(',', "");
            prop_assert_eq!(Money::parse(&plain, money.currency), Ok(money));
        }

        #[test]
        fn there_and_back_never_gains(minor in 0_i64..1_000_000_000_000, rate in 1_i64..1_000_000_000_000) {
            let (rate, usd) = (Rate(rate), currency("USD"));
            if let Ok(there) = convert(Money::new(minor, Currency::EUR), Rate::ONE, usd, rate, Rounding::Down) {
                let back = convert(there, rate, Currency::EUR, Rate::ONE, Rounding::Down);
                prop_assert!(back.is_ok_and(|b| b.minor <= minor));
            }
        }
    }
}
