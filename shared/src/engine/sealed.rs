//! The confidential values of a database: addresses of consignees, and secrets with which webhooks are signed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::coalition::Consignee;
use crate::domain::confidential::Confidential;
use crate::domain::kinds::{NoteKind, RecordEvent, RecordKind};
use crate::domain::webhook::Secrets;
use crate::engine::Engine;
use crate::sealing::{Keys, SealError};
use crate::store::body::{parse, write};
use crate::store::{ChangeSet, Fate, NoteChange, NoteRange, Reads, RecordChange, StoreError};

const CONSIGNEE: &str = "consignee";

/// The key of the note with the current key's id.
const CURRENT: &str = "current";

/// Values that are sealed again in one commit.
const TOGETHER: usize = 200;

/// How often sealing is tried again if others change the values meanwhile.
const TRIES: usize = 3;

/// The name under which the secrets of a webhook are sealed.
fn of_webhook(id: &str) -> String {
    RecordKind::Webhook.subject(id)
}

/// The name under which the address in a record is sealed; `None` if the record has none.
fn of_record(kind: RecordKind, id: &str) -> Option<String> {
    match kind {
        RecordKind::Consignee => Some(kind.subject(id)),
        RecordKind::Stated if is_of_consignee(id) => Some(id.to_owned()),
        _ => None,
    }
}

fn is_of_consignee(id: &str) -> bool {
    id.strip_prefix(CONSIGNEE).is_some_and(|rest| rest.starts_with(':'))
}

/// A note that the key `id` seals.
fn note(id: String) -> NoteChange {
    NoteChange { kind: NoteKind::Key, key: CURRENT.to_owned(), body: Some(id) }
}

/// A note that this process's key seals, if the store does not say so yet.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn begins(engine: &Engine) -> Result<Option<NoteChange>, StoreError> {
    let Some(id) = engine.keys.current() else { return Ok(None) };
    let known = engine.store.note(NoteKind::Key, CURRENT).await?;
    Ok((known.as_ref() != Some(&id)).then(|| note(id)))
}

/// Seals the confidential values in `change_sets`, if there is a key.
pub(crate) async fn seal(
    keys: &Keys,
    store: &dyn Reads,
    change_sets: &mut [ChangeSet],
) -> Result<(), StoreError> {
    let has_some = |change_set: &ChangeSet| {
        change_set.records.iter().any(|record| of_record(record.kind, &record.id).is_some())
            || change_set.notes.iter().any(|note| note.kind == NoteKind::WebhookSecrets)
    };
    if !change_sets.iter().any(has_some) {
        return Ok(());
    }
    let sealing = match keys.current() {
        Some(_) => Ok(keys),
        None => match store.note(NoteKind::Key, CURRENT).await? {
            Some(key) => Err(key),
            None => return Ok(()),
        },
    };
    for change_set in change_sets {
        let mut is_sealed = false;
        for record in &mut change_set.records {
            let Some(what) = of_record(record.kind, &record.id) else { continue };
            let mut consignee: Consignee = parse(record.kind, &record.id, &record.body)?;
            if let Some(address) = sealed(&sealing, &what, &consignee.address)? {
                consignee.address = address;
                record.body = write(record.kind, &record.id, &consignee)?;
                is_sealed = true;
            }
        }
        for note in change_set.notes.iter_mut().filter(|note| note.kind == NoteKind::WebhookSecrets)
        {
            let Some(body) = &note.body else { continue };
            let what = of_webhook(&note.key);
            let mut secrets: Secrets = parse(NoteKind::WebhookSecrets, &note.key, body)?;
            for secret in secrets.all_mut() {
                if let Some(instead) = sealed(&sealing, &what, secret)? {
                    *secret = instead;
                    is_sealed = true;
                }
            }
            note.body = Some(write(NoteKind::WebhookSecrets, &note.key, &secrets)?);
        }
        if let Some(id) = keys.current().filter(|_| is_sealed) {
            change_set.notes.push(note(id));
        }
    }
    Ok(())
}

/// The sealed form of `value`; `None` if it stays as it is. Fails instead of storing plain text if the database has
/// been sealed with a key that is missing here.
fn sealed(
    keys: &Result<&Keys, String>,
    what: &str,
    value: &Confidential,
) -> Result<Option<Confidential>, SealError> {
    let Confidential::Plain(text) = value else { return Ok(None) };
    match keys {
        Ok(keys) => keys.seal(what, text).map(Some),
        Err(key) => {
            let what = "the confidential data".to_owned();
            Err(SealError::Lacking { what, key: key.clone() })
        }
    }
}

/// Opens the secrets of the webhook `id`, for signing.
///
/// # Errors
/// [`SealError`] if the current secret cannot be opened. A previous secret that cannot be opened is omitted.
pub fn secrets(keys: &Keys, id: &str, kept: &Secrets) -> Result<Secrets<String>, SealError> {
    let what = of_webhook(id);
    let before = kept.before.as_ref();
    let before = before.and_then(|(secret, until)| Some((keys.open(&what, secret).ok()?, *until)));
    Ok(Secrets { current: keys.open(&what, &kept.current)?, before })
}

/// The body of a record, with confidential values in plain text. Values that cannot be opened are taken from
/// `otherwise`.
pub(crate) fn opened(
    keys: &Keys,
    kind: RecordKind,
    id: &str,
    body: &str,
    otherwise: Option<&str>,
) -> Result<String, StoreError> {
    let Some(what) = of_record(kind, id) else { return Ok(body.to_owned()) };
    let mut consignee: Consignee = parse(kind, id, body)?;
    let text = match (keys.open(&what, &consignee.address), otherwise) {
        (Err(SealError::Lacking { .. }), Some(otherwise)) => {
            keys.open(&what, &parse::<Consignee>(kind, id, otherwise)?.address)?
        }
        (opened, _) => opened?,
    };
    consignee.address = Confidential::Plain(text);
    write(kind, id, &consignee)
}

struct Value {
    what: String,
    kept: Confidential,
}

/// All confidential values in the store.
async fn values(store: &dyn Reads) -> Result<Vec<Value>, StoreError> {
    let mut values = Vec::new();
    let said = store.records_of(RecordKind::Stated, &format!("{}:", RecordKind::Consignee)).await?;
    let said = said.into_iter().map(|record| (RecordKind::Stated, record));
    let consignees = store.records(RecordKind::Consignee).await?;
    for (kind, record) in
        consignees.into_iter().map(|record| (RecordKind::Consignee, record)).chain(said)
    {
        let Some(what) = of_record(kind, &record.id) else { continue };
        let consignee: Consignee = parse(kind, &record.id, &record.body)?;
        values.push(Value { what, kept: consignee.address });
    }
    for (id, mut secrets) in of_webhooks(store).await? {
        let what = of_webhook(&id);
        values
            .extend(secrets.all_mut().map(|kept| Value { what: what.clone(), kept: kept.clone() }));
    }
    Ok(values)
}

async fn of_webhooks(store: &dyn Reads) -> Result<Vec<(String, Secrets)>, StoreError> {
    let (after, before) = (String::new(), "~".to_owned());
    let all = NoteRange { after, before, backwards: false, limit: 100_000 };
    let notes = store.notes(NoteKind::WebhookSecrets, &all).await?;
    notes
        .into_iter()
        .map(|(id, body)| Ok((id.clone(), parse(NoteKind::WebhookSecrets, &id, &body)?)))
        .collect()
}

/// The number of confidential values, by how they are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Inventory {
    /// Values in plain text.
    pub plain: usize,
    /// Sealed values, by the id of the key.
    pub sealed: BTreeMap<String, usize>,
}

impl Inventory {
    /// Counts the values in `store`.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn of(store: &dyn Reads) -> Result<Self, StoreError> {
        let mut inventory = Self::default();
        for value in values(store).await? {
            match value.kept.key() {
                Some(key) => *inventory.sealed.entry(key.to_owned()).or_default() += 1,
                None => inventory.plain += 1,
            }
        }
        Ok(inventory)
    }

    /// The keys that are needed, as text; `None` if nothing is sealed.
    #[must_use]
    pub fn needs(&self) -> Option<String> {
        let keys: Vec<&str> = self.sealed.keys().map(String::as_str).collect();
        match &keys[..] {
            [] => None,
            [key] => Some(format!("key {key}")),
            several => Some(format!("the keys {}", several.join(", "))),
        }
    }
}

/// The result of trying to open all sealed values.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    /// The number of values that could not be opened because their key is missing, by key.
    pub(crate) unopened: BTreeMap<String, usize>,
    /// Values that their key does not open.
    pub(crate) forged: Vec<(String, SealError)>,
}

/// Tries to open all sealed values.
pub(crate) async fn look(store: &dyn Reads, keys: &Keys) -> Result<Looked, StoreError> {
    let mut looked = Looked::default();
    for value in values(store).await? {
        match keys.open(&value.what, &value.kept) {
            Ok(_) => {}
            Err(SealError::Lacking { key, .. }) => *looked.unopened.entry(key).or_default() += 1,
            Err(error) => looked.forged.push((value.what, error)),
        }
    }
    Ok(looked)
}

/// Seals with the current key every value that is in plain text or sealed with another key. Values that cannot be
/// opened stay as they are. Returns the number of records and webhooks changed.
///
/// # Errors
/// [`StoreError`] if the store cannot be read or written.
pub async fn reseal(engine: &Engine, actor: &str) -> Result<usize, StoreError> {
    let Some(current) = engine.keys.current() else { return Ok(0) };
    let mut done = 0;
    for _ in 0..TRIES {
        let mut change_sets = consignees(engine, actor, &current).await?;
        change_sets.append(&mut webhooks(engine, actor, &current).await?);
        if change_sets.is_empty() {
            break;
        }
        while !change_sets.is_empty() {
            let rest = change_sets.split_off(change_sets.len().min(TOGETHER));
            let fates = engine.commit(std::mem::replace(&mut change_sets, rest), None).await?;
            done += fates.iter().filter(|fate| **fate == Fate::Committed).count();
        }
    }
    Ok(done)
}

/// Opens a value that `current` has not sealed, so that the next commit seals it; `None` if it stays.
fn fresh(keys: &Keys, what: &str, kept: &Confidential, current: &str) -> Option<Confidential> {
    if kept.key() == Some(current) {
        return None;
    }
    keys.open(what, kept).ok().map(Confidential::Plain)
}

async fn consignees(
    engine: &Engine,
    actor: &str,
    current: &str,
) -> Result<Vec<ChangeSet>, StoreError> {
    let (store, keys) = (&engine.store, &engine.keys);
    let consignees = store.records(RecordKind::Consignee).await?.into_iter();
    let said = store
        .records_of(RecordKind::Stated, &format!("{}:", RecordKind::Consignee))
        .await?
        .into_iter();
    let all = consignees
        .map(|record| (RecordKind::Consignee, RecordEvent::ConsigneeSealed, record))
        .chain(said.map(|record| (RecordKind::Stated, RecordEvent::RecordSealed, record)));
    let mut change_sets = Vec::new();
    for (kind, event, record) in all {
        let Some(what) = of_record(kind, &record.id) else { continue };
        let mut consignee: Consignee = parse(kind, &record.id, &record.body)?;
        let Some(plain) = fresh(keys, &what, &consignee.address, current) else { continue };
        consignee.address = plain;
        let body = write(kind, &record.id, &consignee)?;
        let mut change_set = ChangeSet::new(actor, engine.clock.now());
        let (id, expected) = (record.id, record.version);
        change_set.records.push(RecordChange { kind, id, expected, body, event });
        change_sets.push(change_set);
    }
    Ok(change_sets)
}

async fn webhooks(
    engine: &Engine,
    actor: &str,
    current: &str,
) -> Result<Vec<ChangeSet>, StoreError> {
    let (store, keys) = (&engine.store, &engine.keys);
    let mut change_sets = Vec::new();
    for (id, _) in of_webhooks(&**store).await? {
        // Reads the endpoint first. If the secrets are renewed after that, its version is stale and nothing is written.
        let Some(endpoint) = store.record(RecordKind::Webhook, &id).await? else { continue };
        let Some(kept) = store.note(NoteKind::WebhookSecrets, &id).await? else { continue };
        let (what, mut secrets): (_, Secrets) =
            (of_webhook(&id), parse(NoteKind::WebhookSecrets, &id, &kept)?);
        let mut is_changed = false;
        for secret in secrets.all_mut() {
            if let Some(plain) = fresh(keys, &what, secret, current) {
                *secret = plain;
                is_changed = true;
            }
        }
        if !is_changed {
            continue;
        }
        let mut change_set = ChangeSet::new(actor, engine.clock.now());
        change_set.notes.push(NoteChange {
            kind: NoteKind::WebhookSecrets,
            key: id.clone(),
            body: Some(write(NoteKind::WebhookSecrets, &id, &secrets)?),
        });
        // Unchanged: its version guards the secrets.
        change_set.records.push(RecordChange {
            kind: RecordKind::Webhook,
            id,
            expected: endpoint.version,
            body: endpoint.body,
            event: RecordEvent::WebhookSealed,
        });
        change_sets.push(change_set);
    }
    Ok(change_sets)
}
