//! What of a database is confidential: where consignees are, and what webhooks are signed with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::sealing::{Keys, SealError};
use crate::domain::coalition::Consignee;
use crate::domain::confidential::Confidential;
use crate::domain::kinds::{NoteKind, RecordEvent, RecordKind};
use crate::domain::webhook::Secrets;
use crate::engine::Engine;
use crate::store::body::{parse, write};
use crate::store::{ChangeSet, Fate, NoteChange, NoteRange, Reads, RecordChange, StoreError};

/// The kind of records of consignees.
const CONSIGNEE: &str = "consignee";

/// The key of that note.
const CURRENT: &str = "current";

/// Values that are sealed anew in one commit.
const TOGETHER: usize = 200;

/// How often it is tried to seal what others change meanwhile.
const TRIES: usize = 3;

/// The name under which the secrets of a webhook are sealed.
fn of_webhook(id: &str) -> String {
    RecordKind::Webhook.subject(id)
}

/// The name under which the address in a record is sealed; none: the record has none.
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

/// The note that the key of this process seals, if another or none did so far.
///
/// # Errors
/// [`StoreError`] if that cannot be read.
pub async fn begins(engine: &Engine) -> Result<Option<NoteChange>, StoreError> {
    let Some(id) = engine.keys.current() else { return Ok(None) };
    let known = engine.store.note(NoteKind::Key, CURRENT).await?;
    Ok((known.as_ref() != Some(&id)).then(|| note(id)))
}

/// Seals what is confidential in `change sets`, if there is a key.
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

/// What is to be kept instead of `value`; none: it stays as it is. Nothing is kept in plain text where a key that is not
/// here has sealed.
fn sealed(
    keys: &Result<&Keys, String>,
    what: &str,
    value: &Confidential,
) -> Result<Option<Confidential>, SealError> {
    let Confidential::Plain(text) = value else { return Ok(None) };
    match keys {
        Ok(keys) => keys.seal(what, text).map(Some),
        Err(key) => {
            let what = "what is confidential here".to_owned();
            Err(SealError::Lacking { what, key: key.clone() })
        }
    }
}

/// The secrets of the webhook `id`, to sign with.
///
/// # Errors
/// [`SealError`] if the one that holds cannot be opened. The one before is left out then.
pub fn secrets(keys: &Keys, id: &str, kept: &Secrets) -> Result<Secrets<String>, SealError> {
    let what = of_webhook(id);
    let before = kept.before.as_ref();
    let before = before.and_then(|(secret, until)| Some((keys.open(&what, secret).ok()?, *until)));
    Ok(Secrets { current: keys.open(&what, &kept.current)?, before })
}

/// The body of a record with what is confidential in it in plain text. What cannot be opened is as in `otherwise`.
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

/// One confidential value.
struct Value {
    what: String,
    kept: Confidential,
}

/// All of them.
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

/// How many confidential values there are, and how they are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Inventory {
    /// In plain text.
    pub plain: usize,
    /// Sealed, by the id of the key.
    pub sealed: BTreeMap<String, usize>,
}

impl Inventory {
    /// What is in `store`.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
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

    /// The keys that it needs, in words; none: it needs none.
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

/// What a look into sealed values has found.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    /// How many could not be looked into, by the key that is not here.
    pub(crate) unopened: BTreeMap<String, usize>,
    /// What does not open by the key that it names.
    pub(crate) forged: Vec<(String, SealError)>,
}

/// Tries to open all that is sealed.
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

/// Seals by the current key whatever is in plain text or sealed by another; gives how many records and webhooks.
/// What cannot be opened stays.
///
/// # Errors
/// [`StoreError`] if it cannot be read or written.
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

/// Opens what is not sealed by `current`, for a commit to seal; none: it stays.
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
        // The endpoint first: where secrets are renewed after it was read, nothing is written.
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
        // As it was: it guards the secrets.
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
