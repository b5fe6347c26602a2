//! Quantities with a unit of UN/ECE Recommendation 20.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::money::decimal;

/// The units that requisitions may use: the code from UN/ECE Recommendation 20 (revision 17), the name, and whether
/// the unit is counted only in whole numbers.
const UNITS: &[(&str, &str, bool)] = &[
    ("ANN", "year", false),
    ("BX", "box", true),
    ("C62", "one", true),
    ("CMT", "centimetre", false),
    ("D97", "pallet", true),
    ("DAY", "day", false),
    ("DZN", "dozen", true),
    ("E48", "service unit", true),
    ("E49", "working day", false),
    ("E54", "trip", true),
    ("FOT", "foot", false),
    ("FTK", "square foot", false),
    ("GRM", "gram", false),
    ("H87", "piece", true),
    ("HUR", "hour", false),
    ("INH", "inch", false),
    ("KGM", "kilogram", false),
    ("KMT", "kilometre", false),
    ("KT", "kit", true),
    ("KWH", "kilowatt hour", false),
    ("LBR", "pound", false),
    ("LH", "labour hour", false),
    ("LS", "lump sum", true),
    ("LTR", "litre", false),
    ("MIN", "minute", false),
    ("MON", "month", false),
    ("MTK", "square metre", false),
    ("MTR", "metre", false),
    ("NPR", "pair, number of", true),
    ("PR", "pair", true),
    ("RO", "roll", true),
    ("SET", "set", true),
    ("TNE", "tonne", false),
    ("WEE", "week", false),
    ("YRD", "yard", false),
];

/// A unit of measure, by its Recommendation 20 code.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "H87")]
pub struct Unit(u8);

impl Unit {
    /// The unit's name in English.
    #[must_use]
    pub fn name(self) -> &'static str {
        UNITS[usize::from(self.0)].1
    }

    /// All units, in the order of their codes.
    pub fn all() -> impl Iterator<Item = Self> {
        (0_u8..).take(UNITS.len()).map(Self)
    }

    /// Whether the unit is counted only in whole numbers, as pieces are.
    #[must_use]
    pub fn is_whole(self) -> bool {
        UNITS[usize::from(self.0)].2
    }

    /// Finds a unit by its code or its English name, in any case: `H87` or `piece`. The plural, `pieces`, works
    /// too.
    ///
    /// # Errors
    /// [`QuantityError::UnknownUnit`]
    pub fn by_code_or_name(text: &str) -> Result<Self, QuantityError> {
        let is_meant = |(code, name, _): &(&str, &str, bool)| {
            let of = |plural: &str| text.eq_ignore_ascii_case(&format!("{name}{plural}"));
            text.eq_ignore_ascii_case(code) || of("") || of("s") || of("es")
        };
        let found = text.parse().ok().or_else(|| {
            let index = UNITS.iter().position(is_meant)?;
            u8::try_from(index).ok().map(Self)
        });
        found.ok_or_else(|| QuantityError::UnknownUnit(text.to_owned()))
    }
}

impl FromStr for Unit {
    type Err = QuantityError;

    fn from_str(code: &str) -> Result<Self, QuantityError> {
        let found = UNITS.iter().position(|(known, _, _)| *known == code);
        found
            .and_then(|index| u8::try_from(index).ok())
            .map(Self)
            .ok_or_else(|| QuantityError::UnknownUnit(code.to_owned()))
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(UNITS[usize::from(self.0)].0)
    }
}

impl From<Unit> for String {
    fn from(unit: Unit) -> Self {
        unit.to_string()
    }
}

impl TryFrom<String> for Unit {
    type Error = QuantityError;

    fn try_from(code: String) -> Result<Self, QuantityError> {
        code.parse()
    }
}

/// Why a quantity could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    #[error(
        "`{0}` is not a known unit of UN/ECE Recommendation 20 (such as H87 for pieces); \
         a mapping file can translate codes"
    )]
    UnknownUnit(String),
    /// Not a decimal number with at most three decimals.
    #[error("`{0}` is not a quantity (a plain number with at most 3 decimals)")]
    NotANumber(String),
    /// Zero or less.
    #[error("a quantity must be more than zero, not `{0}`")]
    NotPositive(String),
    /// A fraction of a unit that is counted only in whole numbers.
    #[error("`{value}` {name} ({unit}) has a fraction, but the unit is counted in whole numbers")]
    Fraction { value: String, unit: Unit, name: &'static str },
}

/// A quantity, in thousandths of its unit.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(transparent)]
#[schema(value_type = i64, example = 12500)]
pub struct Quantity(pub i64);

impl Quantity {
    /// Thousandths in one unit.
    pub const ONE: i64 = 1000;
    pub const ZERO: Self = Self(0);

    /// `count` whole units.
    #[must_use]
    pub fn whole(count: i64) -> Self {
        Self(count * Self::ONE)
    }

    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// Subtracts `other`, but not below zero.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).max(0))
    }

    /// Whether this is a valid quantity of `unit`: not negative, and a whole number if the unit is counted whole.
    #[must_use]
    pub fn fits(self, unit: Unit) -> bool {
        self.0 >= 0 && (!unit.is_whole() || self.0 % Self::ONE == 0)
    }

    /// Reads a positive quantity of `unit`.
    ///
    /// # Errors
    /// [`QuantityError`] if the text is not a number, is not positive, has more than three decimals, or is a
    /// fraction of a unit that is counted whole.
    pub fn parse(text: &str, unit: Unit) -> Result<Self, QuantityError> {
        let not_a_number = || QuantityError::NotANumber(text.to_owned());
        let (number, decimals) = decimal(text).ok_or_else(not_a_number)?;
        if number <= 0 {
            return Err(QuantityError::NotPositive(text.to_owned()));
        }
        let one = i128::from(Self::ONE);
        let scaled = number.checked_mul(one).ok_or_else(not_a_number)?;
        let divisor = 10_i128.pow(decimals);
        if scaled % divisor != 0 {
            return Err(not_a_number());
        }
        let milli = scaled / divisor;
        if unit.is_whole() && milli % one != 0 {
            let value = text.to_owned();
            return Err(QuantityError::Fraction { value, unit, name: unit.name() });
        }
        i64::try_from(milli).map(Self).map_err(|_| not_a_number())
    }
}

/// A quantity as text, such as `"1.25"`. Documents that leave the database use this form.
pub mod text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Quantity;
    use crate::money::decimal;

    /// Writes `"1.25"`.
    ///
    /// # Errors
    /// If the serializer fails.
    pub fn serialize<S: Serializer>(quantity: &Quantity, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(quantity)
    }

    /// Reads `"1.25"`.
    ///
    /// # Errors
    /// If the text is not a plain decimal of zero or more with at most three decimals.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Quantity, D::Error> {
        let text = String::deserialize(from)?;
        let read = || {
            let (number, decimals) = decimal(&text)?;
            let scaled = number.checked_mul(1000)?;
            let divisor = 10_i128.pow(decimals);
            let is_exact = number >= 0 && scaled % divisor == 0;
            is_exact.then(|| i64::try_from(scaled / divisor).ok().map(Quantity)).flatten()
        };
        read().ok_or_else(|| {
            D::Error::custom(format!("`{text}` is not a quantity (such as \"8\" or \"1.25\")"))
        })
    }
}

impl std::iter::Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        Self(parts.map(|part| part.0).sum())
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / Self::ONE, (self.0 % Self::ONE).abs());
        if part == 0 {
            return write!(f, "{whole}");
        }
        let text = format!("{part:03}");
        let sign = if self.0 < 0 && whole == 0 { "-" } else { "" };
        write!(f, "{sign}{whole}.{}", text.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_whole_and_hours_do_not() {
        let piece: Unit = "H87".parse().expect("known");
        let hour: Unit = "HUR".parse().expect("known");
        assert_eq!(Quantity::parse("3.000", piece), Ok(Quantity::whole(3)));
        assert_eq!(Quantity::parse("1.25", hour), Ok(Quantity(1250)));
        assert_eq!(Quantity(1250).to_string(), "1.25");
        assert!(matches!(Quantity::parse("1.5", piece), Err(QuantityError::Fraction { .. })));
        for (text, unit) in [("-1", piece), ("0", hour)] {
            assert_eq!(
                Quantity::parse(text, unit),
                Err(QuantityError::NotPositive(text.to_owned()))
            );
        }
        for text in ["", "1e3", "1,5", "0.0001", "9999999999999999999"] {
            assert_eq!(
                Quantity::parse(text, hour),
                Err(QuantityError::NotANumber(text.to_owned()))
            );
        }
        assert!("EA".parse::<Unit>().expect_err("unknown").to_string().contains("mapping"));
    }
}
