//! Works out what a spreadsheet displays for a number, if it is the same for everybody.

use super::{Shown, plain_number};

/// Spreadsheets keep 15 digits, so larger numbers are not exact.
const EXACT: f64 = 1e15;
/// How many digits the format `General` displays of a number with decimals.
const GENERAL_DIGITS: usize = 10;

/// What a cell of `format` (`General`, `0000`, `"REQ-"000`) displays for `value`.
pub(super) fn shown(value: f64, format: &str) -> Shown {
    if value.abs() >= EXACT {
        return Shown::Not("a number of more than 15 digits, but the sheet keeps only 15");
    }
    let format = format.trim();
    let is_general = format.eq_ignore_ascii_case("general") || format.is_empty() || format == "@";
    let is_whole = value.fract() == 0.0;
    if is_general {
        let digits = plain_number(value).chars().filter(char::is_ascii_digit).count();
        return match is_whole || digits <= GENERAL_DIGITS {
            true => Shown::Plainly,
            false => Shown::Not("a number that the sheet displays rounded"),
        };
    }
    // The first section of a format applies to positive numbers.
    let is_sectioned = format.contains(';');
    let section = format.split(';').next().unwrap_or_default();
    let Some(pieces) = pieces(section) else {
        return Shown::Not(kind(format));
    };
    if !is_whole {
        return Shown::Not("a number that the sheet displays rounded");
    }
    if value < 0.0 || (value == 0.0 && is_sectioned) {
        return Shown::Not("a number with a custom format");
    }
    Shown::As(laid_out(&format!("{value:.0}"), &pieces))
}

/// Describes a format that is not supported, for error messages.
fn kind(format: &str) -> &'static str {
    let has = |marks: &[char]| format.contains(marks);
    match () {
        () if has(&['%']) => "a percentage",
        () if format.to_ascii_uppercase().contains("E+") => "a number in scientific notation",
        () if has(&['#', ',']) => "a number with thousands separators",
        () => "a number with a custom format",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// `0`: a digit, or a zero.
    Zero,
    /// `#`: a digit, or nothing.
    Digit,
    /// A character that is displayed as it is.
    Literal(char),
}

/// The pieces of `section`. `None` if it has anything besides digits and text.
fn pieces(section: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut letters = section.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '0' => pieces.push(Piece::Zero),
            '#' => pieces.push(Piece::Digit),
            '"' => loop {
                match letters.next()? {
                    '"' => break,
                    quoted => pieces.push(Piece::Literal(quoted)),
                }
            },
            '\\' => pieces.push(Piece::Literal(letters.next()?)),
            '-' | '/' | ' ' | '(' | ')' | ':' => pieces.push(Piece::Literal(letter)),
            _ => return None,
        }
    }
    let has_digit = pieces.iter().any(|piece| matches!(piece, Piece::Zero | Piece::Digit));
    has_digit.then_some(pieces)
}

/// Fills `digits` into `pieces` from the right. Surplus digits go to the first place.
fn laid_out(digits: &str, pieces: &[Piece]) -> String {
    let mut rest: Vec<char> = if digits == "0" { Vec::new() } else { digits.chars().collect() };
    let first = pieces.iter().position(|piece| matches!(piece, Piece::Zero | Piece::Digit));
    let mut reversed = Vec::new();
    for (at, piece) in pieces.iter().enumerate().rev() {
        match piece {
            Piece::Literal(letter) => reversed.push(*letter),
            Piece::Zero => reversed.push(rest.pop().unwrap_or('0')),
            Piece::Digit => reversed.extend(rest.pop()),
        }
        if Some(at) == first {
            reversed.extend(std::mem::take(&mut rest).into_iter().rev());
        }
    }
    reversed.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_sees_is_what_is_read() {
        for (value, format, text) in [
            (12.0, "0000", "0012"),
            (12345.0, "0000", "12345"),
            (7.0, "\"REQ-\"000", "REQ-007"),
            (1234567.0, "000\\-0000", "123-4567"),
            (12.0, "00-00", "00-12"),
            (5.0, "0;[Red]-0", "5"),
            (0.0, "000", "000"),
        ] {
            assert_eq!(shown(value, format), Shown::As(text.into()), "{value} {format}");
        }
        for (value, format) in
            [(12.0, "General"), (12.5, ""), (1_234_567_890_123.0, "General"), (3.0, "@")]
        {
            assert_eq!(shown(value, format), Shown::Plainly, "{value} {format}");
        }
    }

    #[test]
    fn what_depends_on_who_looks_is_said_to_be_what_it_is() {
        for (value, format, what) in [
            (0.12, "0%", "a percentage"),
            (1.23e12, "0.00E+00", "scientific"),
            (1234.0, "#,##0", "thousands"),
            (12.6, "0", "rounded"),
            (0.123_456_789_012, "General", "rounded"),
            (1e15, "General", "15 digits"),
            (12.0, "0.00", "a custom format"),
            (-1.0, "000", "a custom format"),
            (12.0, "[$€-407] 0", "a custom format"),
        ] {
            match shown(value, format) {
                Shown::Not(told) => assert!(told.contains(what), "{value} {format}: {told}"),
                other => panic!("{value} {format}: {other:?}"),
            }
        }
    }
}
