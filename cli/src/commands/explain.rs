//! `waybill explain`: what the reference says about a column, key, state, reason, event, command or metric.

use std::fmt::Write as _;

use crate::args;
use crate::failure::Failure;
use crate::output;

macro_rules! pages {
    ($($page:literal),* $(,)?) => {
        [$(($page, include_str!(concat!("../../../docs/", $page)))),*]
    };
}

/// The pages that are searched, in the order in which their entries are printed.
const PAGES: [(&str, &str); 14] = pages![
    "reference/words.md",
    "reference/reasons.md",
    "file-formats.md",
    "reference/pipeline.md",
    "reference/documents.md",
    "reference/events.md",
    "reference/commands.md",
    "reference/options.md",
    "reference/invariants.md",
    "reference/metrics.md",
    "reference/webhooks.md",
    "reference/api.md",
    "reference/matcher.md",
    "runbook.md",
];

/// What a page says about a term.
struct Entry {
    page: &'static str,
    /// The headings that it stands under, from the page's title down.
    headings: Vec<String>,
    text: String,
}

/// Prints every entry of the reference about the term.
pub(crate) fn run(arguments: &args::Explain) -> Result<(), Failure> {
    let found: Vec<Entry> = PAGES.iter().flat_map(|page| entries(page, &arguments.term)).collect();
    if found.is_empty() {
        return Err(unknown(&arguments.term));
    }
    let mut text = String::new();
    for Entry { page, headings, text: entry } in &found {
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(text, "{} (docs/{page})", headings.join(" > "));
        for line in entry.lines() {
            let indent = line.len() - line.trim_start().len() + 2;
            for part in output::wrap(line.trim_start(), output::width().saturating_sub(indent)) {
                let _ = writeln!(text, "{:indent$}{part}", "");
            }
        }
    }
    output::data(&text)
}

/// The entries of a page about `term`: table rows that it heads, and sections that its heading names.
fn entries((page, text): &(&'static str, &'static str), term: &str) -> Vec<Entry> {
    let (mut found, mut headings): (Vec<Entry>, Vec<String>) = (Vec::new(), Vec::new());
    let mut columns: Vec<String> = Vec::new();
    let (mut section, mut is_code): (Option<(usize, String)>, bool) = (None, false);
    for line in text.lines() {
        is_code ^= line.starts_with("```");
        let level = if is_code { 0 } else { line.bytes().take_while(|byte| *byte == b'#').count() };
        if level > 0 {
            found.extend(end(page, &headings, section.take()));
            headings.truncate(level - 1);
            headings.push(plain(line[level..].trim()));
            if is_named(&line[level..], term) {
                section = Some((level, String::new()));
            }
            continue;
        }
        if let Some((_, text)) = &mut section {
            let _ = writeln!(text, "{}", plain(line));
            continue;
        }
        let Some(row) = line.strip_prefix('|') else {
            columns.clear();
            continue;
        };
        let cells = cells(row);
        if columns.is_empty() {
            columns = cells.iter().map(|cell| plain(cell)).collect();
        } else if cells.first().is_some_and(|first| is_named(first, term)) {
            let mut entry = plain(&cells[0]);
            for (column, cell) in columns.iter().zip(&cells).skip(1) {
                let _ = write!(entry, "\n  {column}: {}", plain(cell));
            }
            found.push(Entry { page, headings: headings.clone(), text: entry });
        }
    }
    found.extend(end(page, &headings, section));
    found
}

fn end(page: &'static str, headings: &[String], section: Option<(usize, String)>) -> Option<Entry> {
    let (_, text) = section?;
    Some(Entry { page, headings: headings.to_vec(), text: text.trim().to_owned() })
}

/// The cells of a table's row, without its first bar.
fn cells(row: &str) -> Vec<String> {
    let row = row.replace("\\|", "\u{0}");
    let cells = row.trim_end().trim_end_matches('|').split('|');
    cells.map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

/// Whether `text` names `term`: as one of its words between backticks, or as one of its parts between commas.
fn is_named(text: &str, term: &str) -> bool {
    let of_code = text.split('`').skip(1).step_by(2);
    let of_text = text.split(',').map(|part| part.trim().trim_matches(['`', '[', ']']));
    of_code.chain(of_text).any(|name| {
        let name = name.trim_end_matches("[]");
        let name = name.split(' ').next().filter(|_| name.starts_with("--")).unwrap_or(name);
        name.eq_ignore_ascii_case(term)
    })
}

/// Markdown as text: links by their titles, no marks.
fn plain(markdown: &str) -> String {
    let mut text = String::new();
    let mut rest = markdown;
    while let Some((before, link)) = rest.split_once('[') {
        text.push_str(before);
        match link.split_once("](").and_then(|(title, end)| Some((title, end.split_once(')')?.1))) {
            Some((title, after)) if !title.contains(']') => {
                text.push_str(title);
                rest = after;
            }
            _ => {
                text.push('[');
                rest = link;
            }
        }
    }
    text.push_str(rest);
    text.replace(['`', '*'], "")
}

/// Every term that the reference has an entry for, as it is written there.
fn terms() -> Vec<String> {
    let rows =
        PAGES.iter().flat_map(|(_, text)| text.lines()).filter_map(|line| line.strip_prefix('|'));
    let heads = rows.filter_map(|row| cells(row).into_iter().next());
    let names = heads.flat_map(|head| {
        let code: Vec<String> = head.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        if code.is_empty() { head.split(", ").map(plain).collect() } else { code }
    });
    names.filter(|name| !name.is_empty() && !name.starts_with('-')).collect()
}

fn unknown(term: &str) -> Failure {
    let folded = term.to_lowercase();
    let mut near: Vec<(usize, String)> = terms()
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&folded, &name.to_lowercase()), name))
        .filter(|(distance, name)| {
            *distance <= term.len().div_ceil(3)
                || folded.len() > 2 && name.to_lowercase().contains(&folded)
        })
        .collect();
    near.sort();
    near.dedup_by(|one, other| one.1 == other.1);
    let names: Vec<String> = near.iter().take(5).map(|(_, name)| format!("`{name}`")).collect();
    let hint = if names.is_empty() {
        "give a column, key, state, reason, event, command, option or metric, such as `smallest_lot`".to_owned()
    } else {
        format!("did you mean {}?", names.join(", "))
    };
    Failure::caller(format!("the reference has no entry `{term}`"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_searched_by_rows_and_headings() {
        let page = "# Page\n\n## `one`\n\nAbout [one](x.md).\n\n## Table\n\n| key | default | meaning |\n|---|---|---|\n\
                    | `two`, `three` | 2 | `a\\|b` |\n";
        let found = |term| -> Vec<String> {
            let entries = entries(&("page.md", page), term).into_iter();
            entries.map(|entry| format!("{}: {}", entry.headings.join(">"), entry.text)).collect()
        };
        assert_eq!(found("one"), ["Page>one: About one."]);
        assert_eq!(found("Three"), ["Page>Table: two, three\n  default: 2\n  meaning: a|b"]);
        assert!(found("four").is_empty());
    }
}
