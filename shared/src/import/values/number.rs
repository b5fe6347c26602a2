//! Reads numbers as people write them.
//!
//! One text can mean two numbers: `1.000` is one for some people and a thousand for others. Such a
//! number is refused, and the error shows both readings, unless the mapping states the decimal
//! mark.

use std::borrow::Cow;

use crate::import::values::mapping::DecimalMark;
use crate::import::values::parse::Fault;

/// What is known about the decimal mark in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) enum Notation {
    /// Nothing: a point is taken for the decimal mark where the number has one reading only.
    Unstated,
    /// The format prescribes the point, as JSON does.
    Format,
    /// The mapping states it.
    Stated(DecimalMark),
    /// The cell holds a number, not text.
    Exact,
}

/// A number as a plain decimal: an optional minus, digits, and perhaps a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::import) struct Number<'t> {
    /// The number. What is no number at all stays as it is written.
    pub(in crate::import) plain: Cow<'t, str>,
    /// The number, were its decimal mark one between thousands: `1000` of `1.000`.
    pub(in crate::import) grouped: Option<String>,
}

impl<'t> Number<'t> {
    /// Reads `text`, which stands in a file of that `notation`.
    pub(in crate::import) fn read(text: &'t str, notation: Notation) -> Result<Self, Fault> {
        let exact = |text| Ok(Self { plain: Cow::Borrowed(text), grouped: None });
        if notation == Notation::Exact || is_plain(text, notation) {
            return exact(text);
        }
        let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
        let Some(parts) = Parts::of(digits) else { return exact(text) };
        match notation {
            Notation::Exact => exact(text),
            Notation::Stated(DecimalMark::Point) => parts.stated('.', sign).ok_or_else(|| {
                let hint =
                    "write it as 1250.50 or 1,250.50, or set `decimal = \",\"` in the mapping";
                Fault::new("is not a number with a decimal point", hint)
            }),
            Notation::Stated(DecimalMark::Comma) => parts.stated(',', sign).ok_or_else(|| {
                let hint =
                    "write it as 1250,50 or 1.250,50, or set `decimal = \".\"` in the mapping";
                Fault::new("is not a number with a decimal comma", hint)
            }),
            Notation::Unstated | Notation::Format => match parts.unstated(sign)? {
                Some(number) => Ok(number),
                None => exact(text),
            },
        }
    }

    /// That the number can be read in two ways.
    pub(in crate::import) fn ambiguous(&self) -> Option<Fault> {
        let grouped = self.grouped.as_deref()?;
        Some(two_readings(&self.plain, grouped, "point"))
    }

    /// `fault`, with the other reading of the number beside it.
    pub(in crate::import) fn or_grouped(&self, fault: Fault) -> Fault {
        let Some(grouped) = &self.grouped else { return fault };
        let Fault { what, hint } = fault;
        let what = format!("{what}; with a thousands separator it is {}", spaced(grouped));
        Fault { what, hint: format!("{hint}, or write {grouped} if you mean that") }
    }
}

/// Whether `text` has only one reading: digits, perhaps with a point and one or two decimals.
fn is_plain(text: &str, notation: Notation) -> bool {
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        None => are_digits(text),
        Some((whole, fraction)) => {
            let has_point = notation != Notation::Stated(DecimalMark::Comma);
            has_point && fraction.len() < 3 && are_digits(whole) && are_digits(fraction)
        }
    }
}

/// The error for a number that is `one` if `mark` is the decimal mark, and `thousands` if it is
/// not.
fn two_readings(one: &str, thousands: &str, mark: &str) -> Fault {
    let (one, shown) = (trimmed(one), spaced(thousands));
    let what =
        format!("is {one} if the {mark} is a decimal mark, or {shown} if it separates thousands");
    let hint = format!(
        "write {one} or {thousands}, or set `decimal = \".\"` or `decimal = \",\"` in a mapping file"
    );
    Fault::new(what, hint)
}

/// The digits of a number and the marks between them.
struct Parts<'t> {
    /// The runs of digits; one more than there are marks.
    runs: Vec<&'t str>,
    marks: Vec<char>,
}

/// Whether `mark` can only separate thousands.
fn is_gap(mark: char) -> bool {
    matches!(mark, ' ' | '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}' | '\'' | '\u{2019}')
}

impl<'t> Parts<'t> {
    /// `None` if `text` has other characters, or does not begin and end with a digit.
    fn of(text: &'t str) -> Option<Self> {
        let is_mark = |c: char| c == '.' || c == ',' || is_gap(c);
        let runs: Vec<&str> = text.split(is_mark).collect();
        let is_run = |run: &&str| !run.is_empty() && run.bytes().all(|byte| byte.is_ascii_digit());
        let marks = text.chars().filter(|c| is_mark(*c)).collect();
        runs.iter().all(is_run).then_some(Self { runs, marks })
    }

    /// Whether the first `runs` form a number whose thousands are grouped by one kind of mark.
    fn is_grouped(&self, runs: usize) -> bool {
        let Some((first, others)) = self.runs[..runs].split_first() else { return false };
        let marks = &self.marks[..others.len()];
        (1..=3).contains(&first.len())
            && !first.starts_with('0')
            && others.iter().all(|group| group.len() == 3)
            && marks.windows(2).all(|pair| pair[0] == pair[1])
    }

    fn whole(&self, sign: &str, runs: usize) -> String {
        format!("{sign}{}", self.runs[..runs].concat())
    }

    /// Reads the last mark as the decimal mark.
    fn decimal(&self, sign: &str) -> Number<'static> {
        let last = self.runs.len() - 1;
        let whole = self.whole(sign, last);
        let fraction = self.runs[last];
        // `1.000` may mean a thousand. `0.125`, `1.2500` and `1,000.125` may not.
        let grouped = (last == 1 && self.is_grouped(2)).then(|| format!("{whole}{fraction}"));
        // Zeros after the third decimal carry no information.
        let fraction = match fraction.len() {
            0..=3 => fraction,
            _ => fraction.trim_end_matches('0'),
        };
        let plain = if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") };
        Number { plain: Cow::Owned(plain), grouped }
    }

    /// Reads the number in a file whose decimal mark is `mark`.
    fn stated(&self, mark: char, sign: &str) -> Option<Number<'static>> {
        let last = self.runs.len() - 1;
        match self.marks.iter().position(|there| *there == mark) {
            // Nothing may follow the decimals.
            Some(at) if at + 1 < self.marks.len() => None,
            Some(_) => (last == 1 || self.is_grouped(last)).then(|| self.decimal(sign)),
            None if last == 0 || self.is_grouped(last + 1) => {
                let plain = Cow::Owned(self.whole(sign, last + 1));
                Some(Number { plain, grouped: None })
            }
            None => None,
        }
    }

    /// Reads the number in a file with an unknown decimal mark, if it has only one reading.
    fn unstated(&self, sign: &str) -> Result<Option<Number<'static>>, Fault> {
        let last = self.runs.len() - 1;
        let count = |mark: char| self.marks.iter().filter(|there| **there == mark).count();
        let (points, commas) = (count('.'), count(','));
        let is_last = |mark: char| self.marks.last() == Some(&mark);
        let is_whole = self.is_grouped(last + 1);
        let fits = last == 1 || self.is_grouped(last);
        let plain = |runs| Number { plain: Cow::Owned(self.whole(sign, runs)), grouped: None };
        match (points, commas) {
            (0, 0) if is_whole => Ok(Some(plain(last + 1))),
            // Several commas can only separate thousands.
            (0, 2..) if is_whole => Ok(Some(plain(last + 1))),
            (1, _) if is_last('.') && fits => Ok(Some(self.decimal(sign))),
            (0, 1) if last == 1 && is_whole => {
                let number = self.decimal(sign);
                let grouped = number.grouped.as_deref().unwrap_or_default();
                Err(two_readings(&number.plain, grouped, "comma"))
            }
            (_, 1) if is_last(',') && fits => {
                let plain = self.decimal(sign).plain;
                let hint = format!("write {plain}, or set `decimal = \",\"` in a mapping file");
                Err(Fault::new(
                    "has a decimal comma, and no mapping states one for this file",
                    hint,
                ))
            }
            (2.., 0) if is_whole => {
                let plain = self.whole(sign, last + 1);
                let hint = format!("write {plain}, or set `decimal = \",\"` in a mapping file");
                Err(Fault::new("has points between thousands, and no mapping states this", hint))
            }
            _ => Ok(None),
        }
    }
}

/// Formats `1000` as `1,000`.
fn spaced(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let mut shown = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// Formats `1.000` as `1`, and `12.500` as `12.5`.
fn trimmed(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// Writes `number` so that nobody can read its decimal point as a thousands mark: three decimals
/// get a fourth.
#[must_use]
pub fn unambiguous(number: &str) -> Cow<'_, str> {
    match number.split_once('.') {
        Some((_, fraction)) if fraction.len() == 3 => Cow::Owned(format!("{number}0")),
        _ => Cow::Borrowed(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, notation: Notation) -> Result<(String, Option<String>), String> {
        let number = Number::read(text, notation);
        let read = number.map(|number| (number.plain.into_owned(), number.grouped));
        read.map_err(|fault| format!("{}: {}", fault.what, fault.hint))
    }

    #[test]
    fn grouping_is_of_three_digits() {
        let comma = Notation::Stated(DecimalMark::Comma);
        for (given, plain) in [
            ("1.250,50", Some("1250.50")),
            ("1 250", Some("1250")),
            ("12\u{a0}345\u{a0}678,9", Some("12345678.9")),
            ("19,99", Some("19.99")),
            ("-5,5", Some("-5.5")),
            ("1'250,5", Some("1250.5")),
            ("1.000", Some("1000")),
            ("1.5", None),
            ("1.25", None),
            ("1234.567", None),
            ("1,2,3", None),
            ("1.2 3", None),
            ("1,000.50", None),
            ("1.000 000", None),
        ] {
            let read = read(given, comma).ok().map(|(plain, _)| plain);
            assert_eq!(read.as_deref(), plain, "{given}");
        }
        let point = Notation::Stated(DecimalMark::Point);
        for (given, plain) in [
            ("1,250.50", Some("1250.50")),
            ("1,000", Some("1000")),
            ("1.000", Some("1.000")),
            ("12.3450", Some("12.345")),
            ("1,5", None),
            ("1.000,50", None),
        ] {
            let read = read(given, point).ok().map(|(plain, _)| plain);
            assert_eq!(read.as_deref(), plain, "{given}");
        }
    }

    #[test]
    fn what_has_one_reading_is_read_and_what_has_two_is_not() {
        for (given, plain) in [
            ("1000", "1000"),
            ("0.125", "0.125"),
            ("12.5", "12.5"),
            ("12.3450", "12.345"),
            ("1 000", "1000"),
            ("1\u{a0}000\u{a0}000", "1000000"),
            ("1'000", "1000"),
            ("1\u{2019}000.50", "1000.50"),
            ("1,000.50", "1000.50"),
            ("1,000,000", "1000000"),
            ("1234.567", "1234.567"),
        ] {
            assert_eq!(read(given, Notation::Unstated), Ok((plain.to_owned(), None)), "{given}");
        }
        let dotted = read("1.000", Notation::Unstated).expect("read");
        assert_eq!(dotted, ("1.000".to_owned(), Some("1000".to_owned())));
        for (given, told) in [
            (
                "1,000",
                "is 1 if the comma is a decimal mark, or 1,000 if it separates thousands: write 1 \
                 or 1000",
            ),
            ("1,5", "has a decimal comma, and no mapping states one for this file: write 1.5"),
            ("1.250,50", "write 1250.50, or set `decimal = \",\"`"),
            ("1 250,5", "write 1250.5,"),
            ("1.000.000", "write 1000000,"),
        ] {
            let error = read(given, Notation::Unstated).expect_err(given);
            assert!(error.contains(told), "{given}: {error}");
        }
        // Text that is not a number is refused later, by the code that needs one.
        for given in
            ["1e3", "+5", "5,-", "\u{20ac}5", "1.2.3", "1,00", "\u{661}\u{662}", "", ".5", "5."]
        {
            let read = read(given, Notation::Unstated);
            let is_refused = |(plain, _): &(String, Option<String>)| plain == given;
            assert!(read.as_ref().map_or(true, is_refused), "{given}: {read:?}");
        }
    }

    #[test]
    fn a_number_is_written_so_that_it_is_read_as_one() {
        for number in ["12.345", "1.250", "1000", "0.5", "-1.125"] {
            let written = unambiguous(number);
            let (plain, grouped) = read(&written, Notation::Unstated).expect("read");
            assert_eq!((trimmed(&plain), grouped), (trimmed(number), None), "{number}");
        }
    }
}
