//! What is typed and said, as people see it on 80 columns.

use std::path::Path;

use anyhow::Result;

use crate::support::{Said, finish, text, waybill};

/// What was typed, and what was said.
pub(crate) struct Dialogue<'a> {
    data: &'a Path,
    said: String,
}

impl<'a> Dialogue<'a> {
    pub(crate) fn at(data: &'a Path) -> Self {
        Self { data, said: String::new() }
    }

    /// Types a command, its words as given.
    pub(crate) fn types(&mut self, words: &[&str]) -> Result<Said> {
        let mut arguments = words.to_vec();
        arguments.extend(["--data", text(self.data)?]);
        let said = finish(waybill(&arguments))?;
        let word = |word: &&str| match word.contains(' ') {
            true => format!("'{word}'"),
            false => (*word).to_owned(),
        };
        let typed: Vec<String> = words.iter().map(word).collect();
        self.said.push_str(&format!("$ waybill {}\n{}{}", typed.join(" "), said.out, said.err));
        if said.code != Some(0) {
            self.said.push_str(&format!("[exit {}]\n", said.code.unwrap_or(-1)));
        }
        self.said.push('\n');
        Ok(said)
    }

    /// The dialogue, days left out.
    pub(crate) fn ends(self) -> String {
        masked(&self.said)
    }
}

/// Every store says the same.
pub(crate) fn said(name: &str, dialogue: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, dialogue);
    });
}

/// `said` with dates and times masked, which no two runs have in common.
fn masked(said: &str) -> String {
    let mut masked = String::new();
    let mut rest = said;
    while let Some(at) = rest.find("20") {
        let is_day = |text: &str| {
            let shape = "dddd-dd-dd";
            text.len() >= shape.len()
                && text.chars().zip(shape.chars()).all(|(c, s)| match s {
                    'd' => c.is_ascii_digit(),
                    other => c == other,
                })
        };
        let (before, from) = rest.split_at(at);
        masked.push_str(before);
        if !is_day(from) || from.starts_with("2099") {
            masked.push_str(&from[..2]);
            rest = &from[2..];
            continue;
        }
        let time = from[10..].strip_prefix(' ').and_then(|t| t.get(..5));
        let has_time = time.is_some_and(|time| time.as_bytes().get(2) == Some(&b':'));
        masked.push_str(if has_time { "[moment]" } else { "[day]" });
        rest = &from[if has_time { 16 } else { 10 }..];
    }
    masked + rest
}
