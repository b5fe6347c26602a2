//! Finds the name that a person most likely meant.

use super::text::look_alike;

/// The name that `text` most likely means: one that looks the same in print, or else the one with the fewest edits.
#[must_use]
pub fn closest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(text);
    let allowed = match folded.chars().count() {
        0..=2 => 0,
        3..=5 => 1,
        6..=30 => 2,
        _ => return None,
    };
    let distance = |name: &'a str| {
        if looks_like(text, name) {
            return Some((0, name));
        }
        let edits = if allowed > 0 { edits(&folded, &fold(name)) } else { usize::MAX };
        (edits <= allowed).then_some((edits, name))
    };
    names.filter_map(distance).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// Asks whether `near` was meant, and names the letter that only looks the same.
#[must_use]
pub fn did_you_mean(text: &str, near: &str) -> String {
    match (look_alike(text, near), look_alike(near, text)) {
        (Some(letter), _) => format!("did you mean `{near}`? Your text has {letter}"),
        (None, Some(letter)) => format!("did you mean `{near}`? The known name has {letter}"),
        (None, None) => format!("did you mean `{near}`?"),
    }
}

fn looks_like(text: &str, name: &str) -> bool {
    let is_plain = text.is_ascii() && name.is_ascii();
    !is_plain && (look_alike(text, name).is_some() || look_alike(name, text).is_some())
}

/// `name` in lower case, with one kind of separator between words.
fn fold(name: &str) -> String {
    name.chars()
        .map(|c| if matches!(c, ' ' | '-' | '.') { '_' } else { c.to_ascii_lowercase() })
        .collect()
}

/// The number of characters to insert, delete or change (Levenshtein distance).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut costs: Vec<usize> = (0..=to.len()).collect();
    for (row, c) in from.chars().enumerate() {
        let mut diagonal = costs[0];
        costs[0] = row + 1;
        for (column, other) in to.iter().enumerate() {
            let change = diagonal + usize::from(c != *other);
            diagonal = costs[column + 1];
            costs[column + 1] = change.min(diagonal + 1).min(costs[column] + 1);
        }
    }
    costs[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_found_and_a_far_one_is_not() {
        let names = || ["external_id", "quantity", "unit"].into_iter();
        assert_eq!(closest("External ID", names()), Some("external_id"));
        assert_eq!(closest("quantitty", names()), Some("quantity"));
        assert_eq!(closest("unti", names()), None);
        assert_eq!(closest("units", names()), Some("unit"));
        assert_eq!(closest("budget", names()), None);
        assert_eq!(edits("kitten", "sitting"), 3);
    }

    #[test]
    fn a_name_that_looks_the_same_is_found_and_the_letter_is_named() {
        let (cyrillic, names) = ("\u{41c}\u{406}N", ["MIM", "MIN"]);
        assert_eq!(closest(cyrillic, names.into_iter()), Some("MIN"));
        let asked = did_you_mean(cyrillic, "MIN");
        assert!(
            asked.ends_with(
                "Your text has the Cyrillic letter \u{41c} (U+041C), which looks like the Latin M"
            ),
            "{asked}"
        );
        assert!(did_you_mean("MIN", cyrillic).contains("The known name has the Cyrillic letter"));
        assert_eq!(did_you_mean("MIM", "MIN"), "did you mean `MIN`?");
        assert_eq!(closest("MI", ["\u{41c}I"].into_iter()), Some("\u{41c}I"));
    }
}
