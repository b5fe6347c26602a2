//! Texts to values, each failure with the way out.

use std::str::FromStr;

use chrono::format::ParseErrorKind;
use chrono::{Datelike, NaiveDate};

use crate::domain::money::{Currency, Money, MoneyError, Rate};
use crate::domain::quantity::{Quantity, QuantityError, Unit};

/// How dates are written unless a mapping says otherwise.
pub(super) const ISO_DATE: &str = "%Y-%m-%d";

/// Years in which dates of requisitions and contributions can be.
const YEARS: std::ops::RangeInclusive<i32> = 1990..=2100;

/// The longest code or number that is read, in bytes.
const LONGEST_CODE: usize = 64;

/// Why a text is no value, and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// What is wrong.
    pub(super) what: String,
    /// The way out.
    pub(super) hint: String,
}

impl Fault {
    /// `what` is wrong; do as `hint` says.
    pub(super) fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into() }
    }
}

impl From<QuantityError> for Fault {
    fn from(error: QuantityError) -> Self {
        let hint = match &error {
            QuantityError::UnknownUnit(_) => {
                "use a code such as H87 (piece), SET or HUR (hour), or translate it in [codes.unit]"
            }
            QuantityError::NotANumber(_) => "write it plainly, such as 12 or 2.5",
            QuantityError::NotPositive(_) => "give the quantity that is needed, or remove the row",
            QuantityError::Fraction { .. } => {
                "give a whole number, or a unit that can be divided, such as KGM or HUR"
            }
        };
        Self::new(error.to_string(), hint)
    }
}

impl From<MoneyError> for Fault {
    fn from(error: MoneyError) -> Self {
        let hint = match &error {
            MoneyError::UnknownCurrency(_) => "use the three capital letters, such as EUR or DKK",
            MoneyError::Decimals { .. } => "round the amount to the smallest coin of its currency",
            MoneyError::NotANumber(_) => "write it plainly, without currency sign or grouping",
            MoneyError::Overflow => "check the amount; one this large cannot be kept",
            MoneyError::Currency(..) => "give both amounts in one currency",
            MoneyError::Rate(_) => "write the units of the currency for one EUR, such as 7.4605",
        };
        Self::new(error.to_string(), hint)
    }
}

/// `text`, unless it is too long for a code or number: errors quote those whole.
fn short(text: &str) -> Result<&str, Fault> {
    if text.len() <= LONGEST_CODE {
        return Ok(text);
    }
    let hint = "check that the cell belongs to this column, and that every quote is closed";
    Err(Fault::new(format!("is too long, with {} bytes", text.len()), hint))
}

/// Any text without control characters.
pub(super) fn text(text: &str) -> Result<String, Fault> {
    match text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        None => Ok(text.to_owned()),
        Some(c) => Err(Fault::new(
            format!("holds the control character U+{:04X}", u32::from(c)),
            "remove it; if much of the text is unreadable, check the file's encoding",
        )),
    }
}

/// A date written as `format` says, or as in `2025-12-31`.
pub(super) fn date(text: &str, format: &str) -> Result<NaiveDate, Fault> {
    let day = NaiveDate::parse_from_str(text, format)
        .or_else(|error| NaiveDate::parse_from_str(text, ISO_DATE).map_err(|_| error))
        .map_err(|error| {
            let what = match error.kind() {
                ParseErrorKind::OutOfRange | ParseErrorKind::Impossible => "there is no such day",
                _ => "is not a date",
            };
            let hint = if format == ISO_DATE {
                "write it as 2025-12-31, or give `date` in a mapping file".to_owned()
            } else {
                format!("write it as the mapping says, `{format}`, or as 2025-12-31")
            };
            Fault::new(what, hint)
        })?;
    if YEARS.contains(&day.year()) {
        return Ok(day);
    }
    let (first, last) = (YEARS.start(), YEARS.end());
    let hint = format!("check the year; years from {first} to {last} are taken");
    Err(Fault::new(format!("the year is {}", day.year()), hint))
}

/// A unit's code.
pub(super) fn unit(text: &str) -> Result<Unit, Fault> {
    Ok(short(text)?.parse::<Unit>()?)
}

/// A currency's code.
pub(super) fn currency(text: &str) -> Result<Currency, Fault> {
    Ok(short(text)?.parse::<Currency>()?)
}

/// The units of a currency for one EUR.
pub(super) fn rate(text: &str) -> Result<Rate, Fault> {
    Ok(short(text)?.parse::<Rate>()?)
}

/// An amount of more than nothing.
pub(super) fn positive_money(text: &str, currency: Currency) -> Result<Money, Fault> {
    let money = Money::parse(short(text)?, currency)?;
    if money.minor > 0 {
        return Ok(money);
    }
    Err(Fault::new("an amount must be more than zero", "give the amount, such as 1250.00"))
}

/// A positive quantity; of an unknown unit, its number alone is checked.
pub(super) fn quantity(text: &str, unit: Option<Unit>) -> Result<Option<Quantity>, Fault> {
    let text = short(text)?;
    match unit {
        Some(unit) => Ok(Some(Quantity::parse(text, unit)?)),
        None => {
            let divisible = "MTK".parse()?;
            Quantity::parse(text, divisible)?;
            Ok(None)
        }
    }
}

/// A whole number from `from` to `to`.
pub(super) fn whole(text: &str, from: u32, to: u32) -> Result<u32, Fault> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { u32::from_str(text).ok() } else { None };
    number.filter(|number| (from..=to).contains(number)).ok_or_else(|| {
        let range = match to {
            u32::MAX => format!("{from} or more"),
            _ => format!("from {from} to {to}"),
        };
        Fault::new(format!("must be a whole number {range}"), "write it plainly, such as 1")
    })
}

/// One of the named `choices`.
pub(super) fn one_of<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, Fault> {
    let found = choices.iter().find(|(name, _)| *name == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let hint = match closest(text, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("use one of: {}", names.join(", ")),
        };
        Fault::new(format!("must be one of: {}", names.join(", ")), hint)
    })
}

/// The one of `names` that `text` is most likely meant to be.
pub(super) fn closest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(text);
    let allowed = match folded.chars().count() {
        0..=2 => return None,
        3..=5 => 1,
        6..=30 => 2,
        _ => return None,
    };
    names
        .map(|name| (edits(&folded, &fold(name)), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// `name` without case, and with one kind of separator between words.
fn fold(name: &str) -> String {
    name.chars()
        .map(|c| if matches!(c, ' ' | '-' | '.') { '_' } else { c.to_ascii_lowercase() })
        .collect()
}

/// How many characters have to be put in, taken out or changed (Levenshtein).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut costs: Vec<usize> = (0..=to.len()).collect();
    for (row, c) in from.chars().enumerate() {
        let mut diagonal = costs[0];
        costs[0] = row + 1;
        for (column, other) in to.iter().enumerate() {
            let change = diagonal + usize::from(c != *other);
            diagonal = costs[column + 1];
            costs[column + 1] = change.min(diagonal + 1).min(costs[column] + 1);
        }
    }
    costs[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_found_and_a_far_one_is_not() {
        let names = || ["external_id", "quantity", "unit"].into_iter();
        assert_eq!(closest("External ID", names()), Some("external_id"));
        assert_eq!(closest("quantitty", names()), Some("quantity"));
        assert_eq!(closest("unti", names()), None);
        assert_eq!(closest("units", names()), Some("unit"));
        assert_eq!(closest("budget", names()), None);
        assert_eq!(edits("kitten", "sitting"), 3);
    }

    #[test]
    fn days_that_do_not_exist_are_named_as_such() {
        assert_eq!(
            date("2025-02-31", ISO_DATE).map_err(|f| f.what),
            Err("there is no such day".into())
        );
        assert_eq!(date("31.02.", ISO_DATE).map_err(|f| f.what), Err("is not a date".into()));
        assert_eq!(date("01.03.2025", "%d.%m.%Y"), date("2025-03-01", ISO_DATE));
        assert!(date("0025-03-01", ISO_DATE).is_err());
    }
}
