//! Limits on whatever comes from outside: the bounds of every text, day and number. All ways in (routes, their
//! queries and paths, files, the inbox) use these checks, so that they agree.

use std::fmt;
use std::ops::RangeInclusive;

use chrono::{Datelike as _, NaiveDate};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// The maximum length of an id or a code, in characters.
pub const LONGEST_ID: usize = 200;

/// The maximum length of a one-line text such as a name, in characters.
pub const LONGEST_NAME: usize = 500;

/// The maximum length of a URL, in characters.
pub const LONGEST_URL: usize = 2048;

/// The maximum length of a text that people write, which may have several lines, in characters.
pub const LONGEST_TEXT: usize = 10_000;

/// The maximum length of a text in the query of a URL, in characters. The URL itself is bounded too, however the
/// text is encoded.
pub const LONGEST_QUESTION: usize = 1000;

/// The years in which days may be.
pub const YEARS: RangeInclusive<i32> = 1990..=2100;

/// Numbers must be below this, and above its negative: minor units of money, thousandths of a quantity. So 64 bits
/// can hold the sum of a thousand numbers.
pub const NUMBER: i64 = 1_000_000_000_000_000;

/// The maximum number of days from an order to its receipt.
pub const LONGEST_LEAD: u32 = 3650;

/// The classes of priority.
pub const CLASSES: RangeInclusive<u8> = 1..=9;

/// Fields whose text may have several lines. Some of them quote what was found in a row.
const PROSE: [&str; 10] = [
    "address",
    "description",
    "evidence",
    "hint",
    "reason",
    "remark",
    "source",
    "text",
    "value",
    "what",
];

/// Fields that hold bytes in base64. The bound on the whole body limits them.
const BYTES: [&str; 1] = ["content"];

/// A value that is not accepted, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inadmissible {
    /// The field, such as `lines[0].quantity`. Empty means the document as a whole.
    pub field: String,
    /// What is wrong, as a phrase that follows the name of the field.
    pub what: String,
}

impl fmt::Display for Inadmissible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => f.write_str(&self.what),
            field => write!(f, "`{field}` {}", self.what),
        }
    }
}

/// Tabs, line ends and direction marks. A one-line text may hold neither these nor those in `NOWHERE`.
const IN_LINES_ONLY: [RangeInclusive<char>; 5] = [
    '\t'..='\n',
    '\r'..='\r',
    '\u{61C}'..='\u{61C}',
    '\u{200E}'..='\u{200F}',
    '\u{2028}'..='\u{2029}',
];

/// Control characters other than tab and line ends, and characters that turn the direction of text. No text may
/// hold them.
const NOWHERE: [RangeInclusive<char>; 6] = [
    '\0'..='\u{8}',
    '\u{B}'..='\u{C}',
    '\u{E}'..='\u{1F}',
    '\u{7F}'..='\u{9F}',
    '\u{202A}'..='\u{202E}',
    '\u{2066}'..='\u{2069}',
];

fn is_among(ranges: &[RangeInclusive<char>], character: char) -> bool {
    ranges.iter().any(|range| range.contains(&character))
}

/// A regular expression for the characters that `field` may hold. It does not check the length.
#[must_use]
pub fn pattern(field: &str) -> String {
    let also: &[RangeInclusive<char>] = if is_prose(field) { &[] } else { &IN_LINES_ONLY };
    let code = |character: &char| format!("\\u{:04x}", u32::from(*character));
    let ranges = NOWHERE.iter().chain(also);
    let ranges = ranges.map(|range| format!("{}-{}", code(range.start()), code(range.end())));
    format!("^[^{}]*$", ranges.collect::<String>())
}

/// Why `text` is not accepted as a one-line text of at most `longest` characters. `None` means that it is.
#[must_use]
pub fn in_one_line(text: &str, longest: usize) -> Option<String> {
    match text.chars().find(|character| is_among(&IN_LINES_ONLY, *character)) {
        Some('\t') => return Some("contains a tab".to_owned()),
        Some('\u{61C}' | '\u{200E}' | '\u{200F}') => {
            return Some("contains a direction mark".to_owned());
        }
        Some(_) => return Some("contains a line break".to_owned()),
        None => {}
    }
    in_lines(text, longest)
}

/// Why `text` is not accepted as a text of at most `longest` characters that may have several lines.
#[must_use]
pub fn in_lines(text: &str, longest: usize) -> Option<String> {
    // The number of bytes is known at once, and is at least the number of characters.
    if text.len() > longest {
        let length = text.chars().count();
        if length > longest {
            return Some(format!("has {length} characters; the limit is {longest}"));
        }
    }
    let character = text.chars().find(|character| is_among(&NOWHERE, *character))?;
    let kind = if character.is_control() { "control" } else { "direction" };
    Some(format!("contains the {kind} character U+{:04X}", u32::from(character)))
}

/// Why `day` is not accepted. `None` means that it is.
#[must_use]
pub fn on(day: NaiveDate) -> Option<String> {
    let (first, last) = (YEARS.start(), YEARS.end());
    let is_taken = YEARS.contains(&day.year());
    (!is_taken).then(|| {
        format!("is in the year {}; years from {first} to {last} are accepted", day.year())
    })
}

/// Why `text`, a parameter of a query, is not accepted. A query may ask about distant days, but only in years from
/// 1 to 9999.
#[must_use]
pub fn question(text: &str) -> Option<String> {
    in_one_line(text, LONGEST_QUESTION).or_else(|| {
        let day = text.get(..text.find('T').unwrap_or(text.len())).unwrap_or(text);
        let year = day.parse::<NaiveDate>().ok()?.year();
        (!(1..=9999).contains(&year)).then(|| format!("is in the year {year}"))
    })
}

fn is_prose(field: &str) -> bool {
    PROSE.contains(&field)
}

/// Whether `field` contains bytes. Another bound applies to them.
#[must_use]
pub fn is_bytes(field: &str) -> bool {
    BYTES.contains(&field)
}

/// The maximum length of `field`, in characters.
#[must_use]
pub fn longest(field: &str) -> usize {
    match field {
        field if is_bytes(field) => usize::MAX,
        field if is_prose(field) => LONGEST_TEXT,
        "url" => LONGEST_URL,
        _ => LONGEST_NAME,
    }
}

/// Why `text` is not accepted as the value of `field`. `None` means that it is.
#[must_use]
pub fn value(field: &str, text: &str) -> Option<String> {
    let longest = longest(field);
    if is_prose(field) {
        return in_lines(text, longest);
    }
    in_one_line(text, longest).or_else(|| {
        // Whatever the field, a day has to be within bounds.
        let day = text.get(..text.find('T').unwrap_or(text.len())).unwrap_or(text);
        day.parse::<NaiveDate>().ok().and_then(on)
    })
}

/// The first value in `json` that is not accepted. Text that is not JSON is not checked.
#[must_use]
pub fn inadmissible(json: &[u8]) -> Option<Inadmissible> {
    let mut look = Look { path: Vec::new(), found: None };
    let mut json = serde_json::Deserializer::from_slice(json);
    // The reader of the document reports errors of its form.
    Here(&mut look).deserialize(&mut json).ok();
    look.found
}

/// The place in the document that is being checked, and the first problem.
struct Look {
    path: Vec<Part>,
    found: Option<Inadmissible>,
}

enum Part {
    Key(String),
    Place(usize),
}

impl Look {
    /// The nearest key above the current value.
    fn key(&self) -> &str {
        let key = |part: &'_ Part| match part {
            Part::Key(_) => true,
            Part::Place(_) => false,
        };
        match self.path.iter().rfind(|part| key(part)) {
            Some(Part::Key(key)) => key,
            Some(Part::Place(_)) | None => "",
        }
    }

    /// Records a problem at the current place. The error that it returns ends the search.
    fn judge<E: serde::de::Error>(&mut self, wrong: Option<String>) -> Result<(), E> {
        let Some(what) = wrong else { return Ok(()) };
        let mut field = String::new();
        for part in &self.path {
            match part {
                Part::Key(key) if field.is_empty() => field.push_str(key),
                Part::Key(key) => field.extend([".", key]),
                Part::Place(place) => field.push_str(&format!("[{place}]")),
            }
        }
        self.found = Some(Inadmissible { field, what });
        Err(E::custom("found"))
    }

    fn number<E: serde::de::Error>(&mut self, is_taken: bool) -> Result<(), E> {
        let what = || "is a number with more than 15 digits".to_owned();
        self.judge((!is_taken).then(what))
    }
}

struct Here<'a>(&'a mut Look);

impl<'de> DeserializeSeed<'de> for Here<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Here<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        let wrong = value(self.0.key(), text);
        self.0.judge(wrong)
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<(), E> {
        self.0.number(number < NUMBER.unsigned_abs())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<(), E> {
        self.0.number(number.unsigned_abs() < NUMBER.unsigned_abs())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        self.0.number(number.abs() < NUMBER as f64)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for place in 0.. {
            self.0.path.push(Part::Place(place));
            if items.next_element_seed(Here(&mut *self.0))?.is_none() {
                break;
            }
            self.0.path.pop();
        }
        self.0.path.pop();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<String>()? {
            let wrong =
                in_one_line(&key, LONGEST_NAME).map(|what| format!("has a key that {what}"));
            self.0.judge(wrong)?;
            self.0.path.push(Part::Key(key));
            entries.next_value_seed(Here(&mut *self.0))?;
            self.0.path.pop();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_described_is_what_is_taken() {
        let characters = (0..0x3000).chain(0xFE00..0xFFFF).filter_map(char::from_u32);
        for field in ["name", "reason"] {
            let (text, said) =
                (pattern(field), |character| value(field, &format!("a{character}b")));
            let inside = text.strip_prefix("^[^").and_then(|text| text.strip_suffix("]*$"));
            let ranges: Vec<u32> = inside
                .into_iter()
                .flat_map(|text| text.split(['-', '\\']))
                .filter_map(|code| u32::from_str_radix(code.strip_prefix('u')?, 16).ok())
                .collect();
            for character in characters.clone() {
                let is_left_out = ranges
                    .chunks(2)
                    .any(|range| (range[0]..=range[1]).contains(&u32::from(character)));
                assert_eq!(said(character).is_some(), is_left_out, "{field}: {character:?}");
            }
        }
    }

    fn said(json: &str) -> String {
        inadmissible(json.as_bytes()).map(|found| found.to_string()).unwrap_or_default()
    }

    #[test]
    fn every_text_day_and_number_is_looked_at_wherever_it_stands() {
        assert_eq!(
            said(r#"{"a": ["b", {"c": "x\u0000y"}]}"#),
            "`a[1].c` contains the control character U+0000"
        );
        assert_eq!(said(r#"{"a": "\u202Ex"}"#), "`a` contains the direction character U+202E");
        assert_eq!(said(r#"{"a": {"b\n": 1}}"#), "`a` has a key that contains a line break");
        assert_eq!(
            said(r#"{"due": "-262143-01-01"}"#),
            "`due` is in the year -262143; years from 1990 to 2100 are accepted"
        );
        assert_eq!(
            said(r#"{"since": "2500-01-01T00:00:00Z"}"#),
            "`since` is in the year 2500; years from 1990 to 2100 are accepted"
        );
        assert_eq!(
            said(r#"{"minor": 9223372036854775807}"#),
            "`minor` is a number with more than 15 digits"
        );
        assert_eq!(
            said(r#"{"minor": -9223372036854775808}"#),
            "`minor` is a number with more than 15 digits"
        );
        assert_eq!(said(r#"[1e300]"#), "`[0]` is a number with more than 15 digits");
        let long = format!(r#"{{"id": "{}"}}"#, "x".repeat(501));
        assert_eq!(said(&long), "`id` has 501 characters; the limit is 500");
        // Everything here is acceptable. Text that is not JSON is reported by others.
        for well in [
            r#"{"text": "two\nlines", "minor": 999999999999999, "on": "2026-11-28", "name": "Їжак"}"#,
            r#"{"a": [], "b": {}, "c": null, "d": true, "e": 1.5, "content": "AAAA"}"#,
            "[1, 2",
            "",
            "nothing",
        ] {
            assert_eq!(said(well), "", "{well}");
        }
    }
}
