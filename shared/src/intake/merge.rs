//! Three-way merge of what a file stated the last time, the present values, and what it states now.
//!
//! A field that the file states as before is not news, whatever commands have made of it since. A field that the file
//! states differently and no command has changed follows the file. A field that both have changed is a conflict,
//! which a person decides.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::domain::event::Event;

/// The result of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Merged<T> {
    /// The subject after the merge; fields in conflict have their present values.
    pub(super) ours: T,
    /// The subject after the merge; fields in conflict have the file's values.
    pub(super) theirs: T,
    /// The fields that both sides have changed to different values.
    pub(super) conflicts: Vec<String>,
}

impl<T: Serialize + Clone> Merged<T> {
    /// Compares a subject made by a command with a file that states it for the first time. Every difference is a
    /// conflict.
    pub(super) fn of_strangers(ours: &T, theirs: &T) -> Self {
        let (now, new) = (fields(ours), fields(theirs));
        let names: BTreeSet<&String> = now.keys().chain(new.keys()).collect();
        let differ = names.into_iter().filter(|name| now.get(*name) != new.get(*name));
        let conflicts = differ.cloned().collect();
        Self { ours: ours.clone(), theirs: theirs.clone(), conflicts }
    }
}

/// Fields that only have a meaning together: a quantity is in a unit of an item.
const TOGETHER: [&[&str]; 2] =
    [&["item", "unit", "quantity", "smallest_lot"], &["amount", "tranches"]];

pub(super) fn fields(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// Merges `theirs`, what the file states now, into `ours`, the present values. `base` is what the file stated the
/// last time.
pub(super) fn merge<T: Serialize + DeserializeOwned + Clone>(
    base: &T,
    ours: &T,
    theirs: &T,
) -> Merged<T> {
    let (base, now, new) = (fields(base), fields(ours), fields(theirs));
    let names: BTreeSet<&String> = base.keys().chain(now.keys()).chain(new.keys()).collect();
    let differs = |one: &Map<String, Value>, other: &Map<String, Value>, name: &str| {
        one.get(name) != other.get(name)
    };
    let group = |name: &str| TOGETHER.iter().find(|group| group.contains(&name)).copied();
    let changed = |by: &Map<String, Value>, name: &str| match group(name) {
        Some(group) => group.iter().any(|name| differs(&base, by, name)),
        None => differs(&base, by, name),
    };
    let (mut kept, mut taken, mut conflicts) = (now.clone(), now.clone(), Vec::new());
    let put = |into: &mut Map<String, Value>, name: &String| match new.get(name) {
        Some(value) => drop(into.insert(name.clone(), value.clone())),
        None => drop(into.remove(name)),
    };
    for name in names {
        if !differs(&now, &new, name) || !changed(&new, name) {
            continue;
        }
        put(&mut taken, name);
        if !changed(&now, name) {
            put(&mut kept, name);
            continue;
        }
        conflicts.push(name.clone());
    }
    let read = |fields: Map<String, Value>, otherwise: &T| {
        serde_json::from_value(Value::Object(fields)).unwrap_or_else(|_| otherwise.clone())
    };
    Merged { ours: read(kept, ours), theirs: read(taken, theirs), conflicts }
}

/// Who gave `field` its present value, according to the subject's log.
pub(super) fn author<'a>(events: &'a [Event], field: &str) -> &'a str {
    let value = |event: &Event| {
        let body: Option<Value> = serde_json::from_str(&event.body).ok();
        body.and_then(|body| body.get(field).cloned())
    };
    let mut later: Option<(&Event, Option<Value>)> = None;
    for event in events.iter().rev() {
        let said = value(event);
        if let Some((by, value)) = &later
            && *value != said
        {
            return &by.actor;
        }
        later = Some((event, said));
    }
    later.map_or("", |(event, _)| &event.actor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    struct Subject {
        item: String,
        quantity: u8,
        rank: u8,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        needed_by: Option<u8>,
    }

    fn subject(item: &str, quantity: u8, rank: u8, needed_by: Option<u8>) -> Subject {
        Subject { item: item.to_owned(), quantity, rank, needed_by }
    }

    fn subjects() -> impl Strategy<Value = Subject> {
        let fields = ("[ab]", 0_u8..3, 0_u8..3, proptest::option::of(0_u8..2));
        fields.prop_map(|(item, quantity, rank, needed_by)| Subject {
            item,
            quantity,
            rank,
            needed_by,
        })
    }

    #[test]
    fn each_side_keeps_its_own_changes() {
        let base = subject("a", 1, 1, Some(1));
        let merged = merge(&base, &subject("a", 1, 2, Some(1)), &subject("a", 3, 1, None));
        assert_eq!(merged.ours, subject("a", 3, 2, None));
        assert_eq!((merged.theirs, merged.conflicts), (merged.ours, vec![]));
    }

    #[test]
    fn a_quantity_of_another_item_is_a_conflict() {
        let base = subject("a", 1, 1, None);
        let merged = merge(&base, &subject("a", 2, 1, None), &subject("b", 1, 1, None));
        assert_eq!(merged.conflicts, ["item", "quantity"]);
        assert_eq!(merged.ours, subject("a", 2, 1, None));
        assert_eq!(merged.theirs, subject("b", 1, 1, None));
    }

    proptest! {
        #[test]
        fn what_one_side_alone_changed_is_taken(base in subjects(), changed in subjects()) {
            let by_file = merge(&base, &base, &changed);
            prop_assert_eq!((by_file.ours, by_file.conflicts), (changed.clone(), vec![]));
            let by_command = merge(&base, &changed, &base);
            prop_assert_eq!((by_command.ours, by_command.conflicts), (changed.clone(), vec![]));
            let by_both = merge(&base, &changed, &changed);
            prop_assert_eq!((by_both.ours, by_both.conflicts), (changed, vec![]));
        }

        #[test]
        fn what_nobody_changed_stays(base in subjects(), ours in subjects(), theirs in subjects()) {
            let merged = merge(&base, &ours, &theirs);
            for side in [&merged.ours, &merged.theirs] {
                if ours.rank == base.rank && theirs.rank == base.rank {
                    prop_assert_eq!(side.rank, base.rank);
                }
            }
            // Without a conflict both sides are the same.
            prop_assert!(!merged.conflicts.is_empty() || merged.ours == merged.theirs);
        }
    }
}
