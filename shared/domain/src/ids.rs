//! Ids with readable prefixes.
//!
//! Lines and lots are numbered by Waybill. Whatever comes from outside keeps the id that its author gave it. A
//! lot's id contains the number of its line and its part of the line, so splitting a line gives the same ids in
//! whatever order workers finish.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Crockford's base 32, without I, L, O and U, so that people can read an id aloud.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// An id that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not {expected}")]
pub struct IdError {
    pub value: String,
    /// What was expected, as a phrase.
    pub expected: &'static str,
}

fn encode(mut number: i64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(ALPHABET[(number & 31) as usize]);
        number >>= 5;
        if number == 0 {
            break;
        }
    }
    while digits.len() < 3 {
        digits.push(b'0');
    }
    digits.iter().rev().map(|d| *d as char).collect()
}

fn decode(text: &str) -> Option<i64> {
    if text.is_empty() || text.len() > 10 {
        return None;
    }
    text.bytes().try_fold(0_i64, |number, byte| {
        let byte = match byte.to_ascii_uppercase() {
            b'I' | b'L' => b'1',
            b'O' => b'0',
            other => other,
        };
        let digit = ALPHABET.iter().position(|d| *d == byte)?;
        Some((number << 5) | digit as i64)
    })
}

/// The number of a requisition's line, printed as `LINE-7K2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LineId(pub i64);

/// A part of a line that travels together, printed as `LOT-7K2` or, after a split, `LOT-7K2.3`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "LOT-7K2")]
pub struct LotId(pub i64);

impl LotId {
    const PART_BITS: u32 = 12;
    /// The maximum number of parts of one line.
    pub const MAX_PARTS: i64 = 1 << Self::PART_BITS;

    /// Part `part` (from 0) of `line`. `None` if there are more than [`LotId::MAX_PARTS`] parts.
    #[must_use]
    pub fn of(line: LineId, part: i64) -> Option<Self> {
        (0..Self::MAX_PARTS).contains(&part).then_some(Self((line.0 << Self::PART_BITS) | part))
    }

    #[must_use]
    pub fn line(self) -> LineId {
        LineId(self.0 >> Self::PART_BITS)
    }

    /// The number of its part of the line, from 0.
    #[must_use]
    pub fn part(self) -> i64 {
        self.0 & (Self::MAX_PARTS - 1)
    }
}

/// Prefixes of ids that Waybill gives: to orders, to orders of goods in kind, and to webhooks.
const GIVEN_HERE: [&str; 3] = ["PO-", "IK-", "wh_"];

/// Whether `text` looks like an id that Waybill gives. Nobody else may give such an id to anything.
#[must_use]
pub fn is_given_here(text: &str) -> bool {
    let begins =
        |with: &&str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    text.parse::<LotId>().is_ok() || text.parse::<LineId>().is_ok() || GIVEN_HERE.iter().any(begins)
}

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LINE-{}", encode(self.0))
    }
}

impl fmt::Display for LotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LOT-{}", encode(self.line().0))?;
        match self.part() {
            0 => Ok(()),
            part => write!(f, ".{part}"),
        }
    }
}

impl FromStr for LineId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        strip(text, "LINE-").and_then(decode).map(LineId).ok_or_else(|| IdError {
            value: text.to_owned(),
            expected: "a line's id such as LINE-7K2",
        })
    }
}

impl FromStr for LotId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let parse = || {
            let rest = strip(text, "LOT-")?;
            let (line, part) = rest.split_once('.').unwrap_or((rest, "0"));
            Self::of(LineId(decode(line)?), part.parse().ok()?)
        };
        parse().ok_or_else(|| IdError {
            value: text.to_owned(),
            expected: "a lot's id such as LOT-7K2 or LOT-7K2.1",
        })
    }
}

impl From<LotId> for String {
    fn from(id: LotId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for LotId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_lot_id_reads_back(line in 0_i64..(1 << 40), part in 0_i64..LotId::MAX_PARTS) {
            let lot = LotId::of(LineId(line), part).expect("in range");
            prop_assert_eq!(lot.to_string().parse::<LotId>(), Ok(lot));
            prop_assert_eq!(lot.line().to_string().to_lowercase().parse::<LineId>(), Ok(LineId(line)));
            prop_assert_eq!((lot.line(), lot.part()), (LineId(line), part));
        }

        #[test]
        fn any_text_is_an_id_or_a_clear_error(text in ".{0,20}") {
            if let Err(error) = text.parse::<LotId>() {
                prop_assert!(error.to_string().contains("a lot's id such as LOT-7K2"));
            }
        }
    }

    #[test]
    fn a_line_has_a_limit_of_parts() {
        assert_eq!(LotId::of(LineId(1), LotId::MAX_PARTS), None);
        assert_eq!(LotId::of(LineId(1), -1), None);
    }
}
