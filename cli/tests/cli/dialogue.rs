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
        // A line may end between a day and its time.
        let after = from[10..].trim_start();
        let gap = from.len() - 10 - after.len();
        let has_time = gap > 0 && after.as_bytes().get(2) == Some(&b':');
        masked.push_str(if has_time { "[moment]" } else { "[day]" });
        rest = &from[if has_time { 10 + gap + 5 } else { 10 }..];
    }
    masked.push_str(rest);
    counted(&hashed(&masked))
}

/// The numbers of documents handed in by hand hold a hash of what they say, days included.
fn hashed(said: &str) -> String {
    let mut hashed = String::new();
    let mut rest = said;
    while let Some((before, from)) = rest.split_once("CLI-") {
        let hash = from.chars().take_while(char::is_ascii_hexdigit).count();
        hashed.push_str(before);
        hashed.push_str(if hash == 12 { "CLI-[hash]" } else { "CLI-" });
        rest = if hash == 12 { &from[12..] } else { from };
    }
    hashed + rest
}

/// How many days apart a stated day and one reckoned from today are, is another number each day.
fn counted(said: &str) -> String {
    let mask = |line: &str| match line.rsplit_once(": ") {
        Some((before, apart)) if apart.ends_with(" d sooner") || apart.ends_with(" d later") => {
            let which = apart.rsplit(' ').next().unwrap_or_default();
            format!("{before}: [n] d {which}")
        }
        _ => line.to_owned(),
    };
    said.split('\n').map(mask).collect::<Vec<_>>().join("\n")
}
