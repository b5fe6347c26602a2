//! The Common Procurement Vocabulary (CPV). It is used if a coalition lists no codes of its own.
//!
//! The codes are those of the classifier of Prozorro (github.com/ProzorroUKR/standards, `classifiers/cpv_en.json` at
//! c32ccbf2, Apache License 2.0) without its addition 99999999-9: the vocabulary of Regulation (EC) No 213/2008.

/// One code a line, sorted. A code has eight digits, a hyphen and a check digit.
const CODES: &str = include_str!("cpv.txt");

/// The digits of a code before its check digit.
const DIGITS: usize = 8;

/// The length of a line of [`CODES`], including the line end.
const LINE: usize = DIGITS + 3;

#[must_use]
pub const fn count() -> usize {
    CODES.len() / LINE
}

/// Finds the code that `text` names, with or without its check digit.
#[must_use]
pub fn find(text: &str) -> Option<&'static str> {
    let (digits, check) = match text.split_once('-') {
        Some((digits, check)) => (digits, Some(check)),
        None => (text, None),
    };
    if digits.len() != DIGITS {
        return None;
    }
    let (mut first, mut end) = (0, count());
    while first < end {
        let middle = usize::midpoint(first, end);
        let code = CODES.get(middle * LINE..middle * LINE + LINE - 1)?;
        match code[..DIGITS].cmp(digits) {
            std::cmp::Ordering::Less => first = middle + 1,
            std::cmp::Ordering::Greater => end = middle,
            std::cmp::Ordering::Equal => {
                return Some(code)
                    .filter(|code| check.is_none_or(|check| code[DIGITS + 1..] == *check));
            }
        }
    }
    None
}

pub fn all() -> impl Iterator<Item = &'static str> {
    CODES.lines()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_found_with_and_without_its_check_digit_and_no_other() {
        assert_eq!(all().count(), count());
        assert!(all().is_sorted());
        for code in all() {
            assert_eq!(code.len(), LINE - 1, "{code}");
            assert_eq!(find(code), Some(code));
            assert_eq!(find(&code[..DIGITS]), Some(code));
        }
        for text in
            ["", "30213100-7", "30213100-", "3021310", "302131000", "30213199-1", "Ноутбуки", "-"]
        {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
