//! Suggests ids that the caller may have meant instead of an unknown one. Few rows are read, however much is stored:
//! likely typos are looked up by key, and records of one kind by their common beginning.

use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::engine::Engine;
use waybill_shared::store::StoreError;

use crate::queries::error::QueryError;

/// The largest number of suggestions.
const NAMED: usize = 3;

/// The largest number of orders that are compared.
const ORDERS: i64 = 200;

/// Longer ids get no suggestions.
const LONGEST: usize = 40;

/// The characters of ids.
const CHARACTERS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-/.";

/// Characters that are easily confused.
const ALIKE: [(char, char); 6] =
    [('8', 'B'), ('5', 'S'), ('2', 'Z'), ('0', 'D'), ('V', 'Y'), ('6', 'G')];

/// The error for an unknown `id` of a `what`, with suggestions.
pub(crate) async fn unknown(engine: &Engine, what: &str, id: &str) -> QueryError {
    let hint = match near(engine, id).await.unwrap_or_default().as_slice() {
        [] => "`waybill lots` lists the lots there are".to_owned(),
        [one] => format!("did you mean `{one}`?"),
        [first @ .., last] => format!("did you mean `{}` or `{last}`?", first.join("`, `")),
    };
    QueryError::Unknown { detail: format!("no {what} `{id}`"), hint }
}

/// Existing ids that are similar to `asked`, nearest first.
async fn near(engine: &Engine, asked: &str) -> Result<Vec<String>, StoreError> {
    let asked = asked.trim().to_uppercase();
    if asked.is_empty() || asked.chars().count() > LONGEST {
        return Ok(Vec::new());
    }
    let numbered = match asked.split_once('-') {
        Some(("LOT", code)) => Some(lots(engine, code).await?),
        Some(("LINE", code)) => Some(lines(engine, code).await?),
        _ => None,
    };
    if let Some(mut found) = numbered {
        found.truncate(NAMED);
        return Ok(found);
    }
    let mut found = Vec::new();
    let variants = slips(&asked).chain(edits(&asked, CHARACTERS));
    let variants: Vec<String> = std::iter::once(asked.clone()).chain(variants).collect();
    let keys: Vec<&str> = variants.iter().map(String::as_str).collect();
    for (_, stored) in engine.store.lines_by_external(&keys).await? {
        let id = stored.line.external_id;
        found.push((strsim::damerau_levenshtein(&asked, &id), id));
    }
    let bare = asked.split_once(':').map_or(asked.as_str(), |(_, id)| id);
    for id in records(engine, bare).await? {
        if let Some(distance) = distance(bare, &id.to_uppercase()) {
            found.push((distance, id));
        }
    }
    found.sort();
    found.dedup();
    Ok(found.into_iter().map(|(_, id)| id).take(NAMED).collect())
}

/// How different two ids are. `None` if they are too different for a suggestion.
fn distance(asked: &str, id: &str) -> Option<usize> {
    let reach = match asked.chars().count() {
        ..=2 => 1,
        3..=7 => 2,
        8.. => 3,
    };
    // An id that begins with the text counts as just within reach.
    if asked.len() > 1 && id.starts_with(asked) {
        return Some(reach);
    }
    Some(strsim::damerau_levenshtein(asked, id)).filter(|distance| *distance <= reach)
}

/// The ids of the coalition's records, of webhooks, and of orders with a beginning like `asked`.
async fn records(engine: &Engine, asked: &str) -> Result<Vec<String>, StoreError> {
    let coalition = engine.coalition().await?;
    let known = [
        coalition.parties.keys().collect::<Vec<_>>(),
        coalition.contributions.keys().collect(),
        coalition.offers.keys().collect(),
        coalition.offers.values().map(|offer| &offer.supplier).collect(),
        coalition.groups.keys().collect(),
    ];
    let mut ids: Vec<String> = known.into_iter().flatten().cloned().collect();
    if asked.starts_with("WH") {
        ids.extend(
            engine.store.records(RecordKind::Webhook).await?.into_iter().map(|record| record.id),
        );
    }
    if asked.starts_with("PO") {
        // The error may be anywhere in the number, so ever shorter beginnings are taken as right.
        let cut = asked.char_indices().filter(|(_, of)| *of == '-').map(|(at, _)| &asked[..at]);
        for beginning in cut {
            let found = engine.store.records_from(RecordKind::Order, beginning, ORDERS).await?;
            let own = found.into_iter().filter(|record| record.id.starts_with(beginning));
            ids.extend(own.map(|record| record.id));
        }
    }
    Ok(ids)
}

/// Lots similar to `LOT-code`: other parts of its line, otherwise likely typos, otherwise ids that differ by one
/// character, unless those are too many.
async fn lots(engine: &Engine, code: &str) -> Result<Vec<String>, StoreError> {
    let (of_line, part) = code.split_once('.').unwrap_or((code, ""));
    if let (false, Ok(LineId(line))) = (part.is_empty(), format!("LINE-{of_line}").parse()) {
        let parts = engine.store.lots_of_line(LineId(line)).await?;
        if !parts.is_empty() {
            return Ok(parts.iter().map(|lot| lot.id.to_string()).collect());
        }
    }
    let ids = |codes: Vec<String>| -> Vec<i64> {
        let lot = |code: String| format!("LOT-{code}").parse::<LotId>().ok();
        codes.into_iter().filter_map(lot).map(|lot| lot.0).collect()
    };
    let there = async |codes: Vec<String>| -> Result<Vec<String>, StoreError> {
        let lots = engine.store.lots_by_id(&ids(codes)).await?;
        Ok(lots.iter().map(|lot| lot.id.to_string()).collect())
    };
    let near = there(slips(of_line).collect()).await?;
    if !near.is_empty() {
        return Ok(near);
    }
    let near = there(edits(of_line, &CHARACTERS[..36]).collect()).await?;
    Ok(if near.len() <= NAMED { near } else { Vec::new() })
}

/// The same for lines.
async fn lines(engine: &Engine, code: &str) -> Result<Vec<String>, StoreError> {
    let there = async |codes: Vec<String>| -> Result<Vec<String>, StoreError> {
        let line = |code: &String| format!("LINE-{code}").parse::<LineId>().ok();
        let ids: Vec<LineId> = codes.iter().filter_map(line).collect();
        Ok(engine.store.lines(&ids).await?.iter().map(|(id, _)| id.to_string()).collect())
    };
    let near = there(slips(code).collect()).await?;
    if !near.is_empty() {
        return Ok(near);
    }
    let near = there(edits(code, &CHARACTERS[..36]).collect()).await?;
    Ok(if near.len() <= NAMED { near } else { Vec::new() })
}

/// The most likely typos in `text`: two characters swapped, or one character replaced by a similar one.
fn slips(text: &str) -> impl Iterator<Item = String> {
    let of: Vec<char> = text.chars().collect();
    let swapped = (1..of.len()).map({
        let of = of.clone();
        move |i| {
            let mut other = of.clone();
            other.swap(i - 1, i);
            other.into_iter().collect()
        }
    });
    let misread = ALIKE.into_iter().flat_map(|(one, other)| [(one, other), (other, one)]);
    let misread = misread.flat_map(move |(one, other)| {
        let at = (0..of.len()).filter(|i| of[*i] == one).collect::<Vec<_>>();
        let of = of.clone();
        at.into_iter().map(move |i| {
            let mut misread = of.clone();
            misread[i] = other;
            misread.into_iter().collect()
        })
    });
    swapped.chain(misread)
}

/// All texts that differ from `text` by one character: one more, one less, or another one.
fn edits(text: &str, characters: &str) -> impl Iterator<Item = String> {
    let of: Vec<char> = text.chars().collect();
    let mut all = Vec::new();
    for i in 0..=of.len() {
        let (before, after) = (&of[..i], &of[i..]);
        let put = |with: &[char], after: &[char]| before.iter().chain(with).chain(after).collect();
        if let [_, rest @ ..] = after {
            all.push(put(&[], rest));
            all.extend(characters.chars().map(|other| put(&[other], rest)));
        }
        all.extend(characters.chars().map(|more| put(&[more], after)));
    }
    all.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_one_slip_away_is_among_the_slips() {
        let slips: Vec<String> = slips("7K2").collect();
        assert_eq!(slips, ["K72", "72K", "7KZ"]);
        let edits: Vec<String> = edits("AB", "0B").collect();
        for near in ["A", "B", "0B", "AB0", "A0B", "ABB"] {
            assert!(edits.contains(&near.to_owned()), "{near}: {edits:?}");
        }
    }

    #[test]
    fn near_is_a_matter_of_length() {
        assert_eq!(distance("LX", "LU"), Some(1));
        assert_eq!(distance("XX", "LU"), None);
        assert_eq!(distance("PO-SUP-5-NSPA-EUR-0001", "PO-SUP-05-NSPA-EUR-0001"), Some(1));
        assert_eq!(distance("LU-2024", "LU-2024-1"), Some(2));
    }
}
