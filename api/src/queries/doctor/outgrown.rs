//! Finds values that an older version accepted and this version would refuse. They stay as they are. The doctor names
//! them, so that they can be stated again.

use waybill_shared::domain::admissible::{LONGEST_ID, in_one_line, inadmissible};
use waybill_shared::domain::contribution::Contribution;
use waybill_shared::domain::ids::{LineId, is_given_here};
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::domain::party::Party;
use waybill_shared::domain::rules::Wrong;
use waybill_shared::domain::supplier::Offer;
use waybill_shared::import::check_line;
use waybill_shared::store::{Reads, Record, StoreError};

/// The number of lines read at once.
const PAGE: usize = 1000;

/// The number of records read at once. Some contain files.
const RECORDS: i64 = 20;

/// A value that would be refused today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outgrown {
    /// The subject that contains the value, such as `contribution:LU-1` or `LINE-001`.
    pub(super) subject: String,
    /// The field. Empty for the id itself.
    pub(super) field: String,
    /// What is wrong with the value.
    pub(super) what: String,
    /// Whether the problem is a NUL character, which Postgres cannot store.
    pub(super) is_nul: bool,
}

/// The first `most` values that would be refused today, at most one of each subject, and the number of all.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub(super) async fn outgrown(
    store: &(impl Reads + ?Sized),
    most: usize,
) -> Result<(Vec<Outgrown>, usize), StoreError> {
    let (mut found, mut count) = (Vec::new(), 0);
    let mut add = |one: Option<Outgrown>| {
        if let Some(one) = one {
            count += 1;
            // Values that cannot be moved to Postgres come first.
            match one.is_nul {
                true => found.insert(0, one),
                false => found.push(one),
            }
            found.truncate(most);
        }
    };
    let (mut kind, mut id) = (String::new(), String::new());
    loop {
        let page = store.records_after(&kind, &id, RECORDS).await?;
        let Some((last_kind, last)) = page.last() else { break };
        (kind, id) = (last_kind.clone(), last.id.clone());
        for (kind, record) in &page {
            add(of_record(kind, record));
        }
    }
    let last = store.last_line().await?;
    let mut first = 1;
    while first <= last {
        let next = first.saturating_add(PAGE as i64);
        let ids: Vec<LineId> = (first..next.min(last.saturating_add(1))).map(LineId).collect();
        for (id, stored) in store.lines(&ids).await? {
            let (subject, line) = (id.to_string(), &stored.line);
            let taken = is_given_here(&line.external_id);
            let wrong = match check_line(line, None) {
                Err(errors) => errors.into_iter().next(),
                Ok(()) => None,
            };
            let wrong = wrong.map(|error| (error.field.unwrap_or_default(), error.what));
            let wrong = wrong.or_else(|| {
                taken.then(|| ("external_id".to_owned(), looks_like_ours(&line.external_id)))
            });
            let is_nul = serde_json::to_string(line).is_ok_and(|text| text.contains("\\u0000"));
            add(wrong.map(|(field, what)| Outgrown { subject, field, what, is_nul }));
        }
        first = next;
    }
    Ok((found, count))
}

fn looks_like_ours(id: &str) -> String {
    format!("`{id}` looks like an id of a lot, a line, an order or a webhook")
}

fn of_record(kind: &str, record: &Record) -> Option<Outgrown> {
    let known = RecordKind::named(kind);
    if known.is_some_and(RecordKind::is_bytes) {
        return None;
    }
    let subject = format!("{kind}:{}", record.id);
    let is_nul = subject.contains('\0') || record.body.contains("\\u0000");
    let found = |field: &str, what: String| {
        let (subject, field) = (subject.escape_debug().to_string(), field.to_owned());
        Some(Outgrown { subject, field, what, is_nul })
    };
    if known.is_some_and(RecordKind::is_named_by_people) {
        if let Some(what) = in_one_line(&record.id, LONGEST_ID) {
            return found("", what);
        }
        if is_given_here(&record.id) {
            return found("", looks_like_ours(&record.id));
        }
    }
    if let Some(wrong) = inadmissible(record.body.as_bytes()) {
        return found(&wrong.field, wrong.what);
    }
    let checked = match known {
        Some(RecordKind::Contribution) => check::<Contribution>(record, Contribution::check),
        Some(RecordKind::Offer) => check::<Offer>(record, Offer::check),
        Some(RecordKind::Party) => check::<Party>(record, Party::check),
        _ => None,
    };
    checked.and_then(|wrong| found(wrong.field, wrong.what))
}

fn check<T: serde::de::DeserializeOwned>(
    record: &Record,
    check: impl Fn(&T) -> Result<(), Wrong>,
) -> Option<Wrong> {
    check(&serde_json::from_str(&record.body).ok()?).err()
}
