//! Whether confidential values are sealed, and with keys that this process has.

use waybill_shared::engine::Engine;
use waybill_shared::sealed::Inventory;

use super::finding::{Finding, unread};

/// The name of this check.
const CHECK: &str = "keys";

/// Runs the check. `None` if there are no confidential values.
pub(super) async fn examine(engine: &Engine) -> Option<Finding> {
    let values = match Inventory::of(&*engine.store).await {
        Ok(values) => values,
        Err(error) => return Some(unread(CHECK, &error)),
    };
    let ids = engine.keys.ids();
    let lacking: Vec<(&str, usize)> = values
        .sealed
        .iter()
        .filter(|(key, _)| !ids.contains(key))
        .map(|(key, count)| (key.as_str(), *count))
        .collect();
    if !lacking.is_empty() {
        let count: usize = lacking.iter().map(|(_, count)| count).sum();
        let keys: Vec<&str> = lacking.iter().map(|(key, _)| *key).collect();
        let seen = format!(
            "{count} secrets of webhooks and addresses are sealed by {}, which this process does \
             not have: these webhooks are not sent and these addresses cannot be changed",
            keys.join(", ")
        );
        return Some(Finding::bad(CHECK, seen, "start every process with that key: --key-file"));
    }
    let sealed: usize = values.sealed.values().sum();
    match (ids.first(), values.plain) {
        (None, 0) => None,
        (None, plain) => {
            let seen = format!("{plain} secrets of webhooks and addresses are in plain text");
            let mend = "encrypt the disk and backups; or `waybill key new FILE`, start with --key-file, `waybill key seal`";
            Some(Finding::ok(CHECK, format!("{seen}; {mend}")))
        }
        (Some(key), plain) => {
            let old: usize = sealed - values.sealed.get(key).copied().unwrap_or(0);
            if plain + old == 0 {
                return Some(Finding::ok(CHECK, format!("{sealed} values are sealed by {key}")));
            }
            let seen = format!("{plain} values are in plain text, {old} sealed by older keys");
            Some(Finding::warn(CHECK, seen, "waybill key seal"))
        }
    }
}
