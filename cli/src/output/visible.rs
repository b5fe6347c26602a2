//! Makes control characters visible, so that a terminal prints text from others instead of obeying it.

use std::borrow::Cow;

/// Whether a terminal would obey `c`, or a person would not see it as a character.
fn is_obeyed(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
        || matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The length of the colour or weight at the start of `text`, as this program sets them: `ESC [ 1 ; 31 m`. Styles
/// that hide text do not count.
fn style(text: &str) -> Option<usize> {
    let codes = text.strip_prefix("\x1b[")?;
    let end = codes.find('m')?;
    let is_ours = |code: &str| {
        code.is_empty()
            || code.parse().is_ok_and(|code: u8| matches!(code, 0..=4 | 30..=37 | 39 | 90..=97))
    };
    codes[..end].split(';').all(is_ours).then_some("\x1b[".len() + end + 1)
}

/// Replaces control characters in `text` by their codes, such as `\u{7}`. Colours stay.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    shown(text, |c| format!("\\u{{{:x}}}", u32::from(c)))
}

/// Does the same, and also replaces colours, for text that is passed on.
pub(crate) fn plainly(text: &str) -> String {
    let code = |c: char| match is_obeyed(c) {
        true => format!("\\u{{{:x}}}", u32::from(c)),
        false => c.to_string(),
    };
    text.chars().map(code).collect()
}

/// Does the same in JSON, where the codes do not change its meaning.
pub(super) fn visible_json(json: &str) -> Cow<'_, str> {
    shown(json, |c| format!("\\u{:04x}", u32::from(c)))
}

fn shown(text: &str, code: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(length) = style(rest) {
            shown.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        let is_end = rest.starts_with("\r\n");
        match is_obeyed(c) && !is_end {
            true => shown.push_str(&code(c)),
            false => shown.push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        for (text, shown) in [
            ("plain, Їжак\n\ttwo\r\n", "plain, Їжак\n\ttwo\r\n"),
            ("\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m"),
            ("\x1b]0;PWNED\x07\x1b[2J", "\\u{1b}]0;PWNED\\u{7}\\u{1b}[2J"),
            ("\x1b[8mhidden", "\\u{1b}[8mhidden"),
            ("a\u{9b}2Jb", "a\\u{9b}2Jb"),
            ("a\u{202e}b\rc", "a\\u{202e}b\\u{d}c"),
        ] {
            assert_eq!(visible(text), shown);
        }
        let json = serde_json::to_string("a\u{9b}\u{202e}b").expect("JSON");
        let shown = visible_json(&json);
        assert_eq!(shown, "\"a\\u009b\\u202eb\"");
        assert_eq!(serde_json::from_str::<String>(&shown).expect("JSON"), "a\u{9b}\u{202e}b");
    }
}
