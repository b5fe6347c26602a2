//! Converts text to values. Each error says how to fix it.

use std::str::FromStr;

use chrono::format::ParseErrorKind;
use chrono::{Datelike, NaiveDate};

use crate::domain::admissible::{LONGEST_ID, LONGEST_NAME, LONGEST_TEXT, NUMBER, YEARS, in_lines};
use crate::domain::money::{Currency, Money, MoneyError, Rate};
use crate::domain::nearest::{closest, did_you_mean};
use crate::domain::price::Price;
use crate::domain::quantity::{Quantity, QuantityError, Unit};
use crate::domain::text::{canonical, invisible};
use crate::import::values::number::{Notation, Number};

/// How dates are written unless a mapping says otherwise.
pub(in crate::import) const ISO_DATE: &str = "%Y-%m-%d";

/// The longest code or number that is read, in bytes.
pub(in crate::import) const LONGEST_CODE: usize = 64;

/// Why a text is not a value, and how to fix it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::import) struct Fault {
    /// What is wrong.
    pub(in crate::import) what: String,
    /// The way out.
    pub(in crate::import) hint: String,
}

impl Fault {
    /// `what` is wrong; do as `hint` says.
    pub(in crate::import) fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into() }
    }
}

impl From<QuantityError> for Fault {
    fn from(error: QuantityError) -> Self {
        let hint = match &error {
            QuantityError::UnknownUnit(_) => {
                "use a code such as H87 (piece), SET or HUR (hour), or translate it in [codes.unit]"
            }
            QuantityError::NotANumber(_) => "write a plain number, such as 12 or 2.5",
            QuantityError::NotPositive(_) => "give the quantity needed, or remove the row",
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
            MoneyError::Decimals { .. } => "round the amount to the smallest unit of its currency",
            MoneyError::NotANumber(_) => {
                "write a plain number, without a currency sign or thousands separators"
            }
            MoneyError::Overflow => "check the amount; it is too large to be stored",
            MoneyError::Currency(..) => "give both amounts in one currency",
            MoneyError::PriceDecimals { .. } => "round the price, or give it for more units",
            MoneyError::Per(_) => "give the price for 100 or 1000 units",
            MoneyError::Rate(_) => "write the units of the currency for one EUR, such as 7.4605",
        };
        Self::new(error.to_string(), hint)
    }
}

/// Refuses `text` that is too long for a code or number, because errors quote those in full.
fn short(text: &str) -> Result<&str, Fault> {
    if text.len() <= LONGEST_CODE {
        return Ok(text);
    }
    let hint = "check that the cell belongs to this column, and that every quote is closed";
    Err(Fault::new(format!("is too long, with {} bytes", text.len()), hint))
}

/// Any text without control characters.
pub(in crate::import) fn text(text: &str) -> Result<String, Fault> {
    match in_lines(text, LONGEST_TEXT) {
        None => Ok(text.to_owned()),
        Some(what) => Err(Fault::new(
            what,
            "remove it; if much of the text is unreadable, check the file's encoding",
        )),
    }
}

/// Refuses `text` with more than `longest` characters.
fn within(text: String, longest: usize) -> Result<String, Fault> {
    let length = if text.len() > longest { text.chars().count() } else { 0 };
    if length <= longest {
        return Ok(text);
    }
    let hint =
        "shorten it; check that the cell belongs to this column, and that every quote is closed";
    Err(Fault::new(format!("has {length} characters; the limit is {longest}"), hint))
}

/// Refuses a `number` above the limit of all numbers.
fn bounded(number: i64) -> Result<(), Fault> {
    if number < NUMBER {
        return Ok(());
    }
    Err(Fault::new("is too large", "check it: it has more than 12 digits"))
}

/// Whether `text`, apart from white space around it, is printable ASCII with single spaces. Such a
/// text is its own canonical form.
fn is_plain(text: &str) -> bool {
    let mut before = b' ';
    let is_plain = text.bytes().all(|byte| {
        let is_run = before == b' ' && byte == b' ';
        before = byte;
        matches!(byte, b' '..=b'~') && !is_run
    });
    is_plain && before != b' '
}

/// A name, in the form by which names are compared.
pub(in crate::import) fn name(text: &str) -> Result<String, Fault> {
    if is_plain(text) {
        return within(text.to_owned(), LONGEST_NAME);
    }
    if let Some(found) = invisible(text) {
        let hint = "remove it by retyping the text; copying the text keeps it";
        return Err(Fault::new(found.to_string(), hint));
    }
    within(canonical(text).into_owned(), LONGEST_NAME)
}

/// A name that stands in one line: an id or a code.
pub(in crate::import) fn id(text: &str) -> Result<String, Fault> {
    if is_plain(text) {
        return within(text.to_owned(), LONGEST_ID);
    }
    match text.chars().find(|c| matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}')) {
        Some('\t') => Err(Fault::new("contains a tab", "remove it: an id must be on one line")),
        Some(_) => Err(Fault::new("contains a line break", "remove it: an id must be on one line")),
        None => within(name(text)?, LONGEST_ID),
    }
}

/// A date written as `format` says, or as in `2025-12-31`.
pub(in crate::import) fn date(text: &str, format: &str) -> Result<NaiveDate, Fault> {
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
    let hint = format!("check the year; years from {first} to {last} are accepted");
    Err(Fault::new(format!("the year is {}", day.year()), hint))
}

/// A unit's code.
pub(in crate::import) fn unit(text: &str) -> Result<Unit, Fault> {
    Ok(name(short(text)?)?.parse::<Unit>()?)
}

/// A currency's code.
pub(in crate::import) fn currency(text: &str) -> Result<Currency, Fault> {
    Ok(name(short(text)?)?.parse::<Currency>()?)
}

/// Reads a time zone by its name in the IANA database.
///
/// # Errors
/// What is wrong, and which zone was probably meant.
pub fn time_zone(text: &str) -> Result<chrono_tz::Tz, String> {
    zone(text).map_err(|Fault { what, hint }| format!("{what}; {hint}"))
}

/// The same, for a cell.
pub(in crate::import) fn zone(text: &str) -> Result<chrono_tz::Tz, Fault> {
    let text = name(short(text)?)?;
    text.parse().map_err(|_| {
        let all = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        // A city alone is the last part of its zone's name.
        let is_city = |zone: &&str| {
            zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(&text))
        };
        let hint = match all.clone().find(is_city).or_else(|| closest(&text, all)) {
            Some(near) => did_you_mean(&text, near),
            None => "name it as the IANA database does, such as Europe/Brussels".to_owned(),
        };
        Fault::new("is not a time zone", hint)
    })
}

/// The units of a currency for one EUR.
pub(in crate::import) fn rate(text: &str) -> Result<Rate, Fault> {
    Ok(short(text)?.parse::<Rate>()?)
}

/// An amount of more than nothing.
pub(in crate::import) fn positive_money(
    text: &str,
    currency: Currency,
    notation: Notation,
) -> Result<Money, Fault> {
    let number = Number::read(short(text)?, notation)?;
    if notation == Notation::Unstated
        && currency.decimals() == 3
        && let Some(ambiguous) = number.ambiguous()
    {
        return Err(ambiguous);
    }
    let money = Money::parse(&number.plain, currency);
    let money = money.map_err(|error| number.or_grouped(error.into()))?;
    bounded(money.minor)?;
    if money.minor > 0 {
        return Ok(money);
    }
    Err(Fault::new("an amount must be more than zero", "give the amount, such as 1250.00"))
}

/// A positive price, with up to six decimals.
pub(in crate::import) fn positive_price(
    text: &str,
    currency: Currency,
    notation: Notation,
) -> Result<Price, Fault> {
    let number = Number::read(short(text)?, notation)?;
    // Three decimals may be part of a price, or thousands.
    if notation == Notation::Unstated
        && let Some(ambiguous) = number.ambiguous()
    {
        return Err(ambiguous);
    }
    let price = Price::parse(&number.plain, currency);
    let price = price.map_err(|error| number.or_grouped(error.into()))?;
    bounded(price.minor)?;
    if price.minor > 0 {
        return Ok(price);
    }
    Err(Fault::new("a price must be more than zero", "give the price, such as 1250.00 or 0.125"))
}

/// A positive quantity, and what to doubt of it; of an unknown unit, its number alone is checked.
pub(in crate::import) fn quantity(
    text: &str,
    unit: Option<Unit>,
    notation: Notation,
) -> Result<(Option<Quantity>, Option<Fault>), Fault> {
    let number = Number::read(short(text)?, notation)?;
    let Some(unit) = unit else {
        let divisible = "MTK".parse()?;
        Quantity::parse(&number.plain, divisible)?;
        return Ok((None, None));
    };
    let is_doubtful = match notation {
        Notation::Unstated => true,
        Notation::Format => unit.is_whole(),
        Notation::Stated(_) | Notation::Exact => false,
    };
    if let Some(ambiguous) = number.ambiguous().filter(|_| is_doubtful) {
        return Err(ambiguous);
    }
    let read = Quantity::parse(&number.plain, unit);
    let read = read.map_err(|error| number.or_grouped(error.into()))?;
    bounded(read.0)?;
    let doubt = number.grouped.filter(|_| unit.is_whole()).map(|grouped| {
        let what = format!("is read as {read}, with the decimal mark that the mapping states");
        Fault::new(what, format!("write {grouped} if you mean that"))
    });
    Ok((Some(read), doubt))
}

/// A whole number from `from` to `to`.
pub(in crate::import) fn whole(text: &str, from: u32, to: u32) -> Result<u32, Fault> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { u32::from_str(text).ok() } else { None };
    number.filter(|number| (from..=to).contains(number)).ok_or_else(|| {
        let range = match to {
            u32::MAX => format!("{from} or more"),
            _ => format!("from {from} to {to}"),
        };
        Fault::new(
            format!("must be a whole number {range}"),
            "write a plain whole number, such as 1",
        )
    })
}

/// One of the named `choices`.
pub(in crate::import) fn one_of<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, Fault> {
    let found = choices.iter().find(|(name, _)| *name == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let hint = match closest(text, names.iter().copied()) {
            Some(near) => did_you_mean(text, near),
            None => format!("use one of: {}", names.join(", ")),
        };
        Fault::new(format!("must be one of: {}", names.join(", ")), hint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
