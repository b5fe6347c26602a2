//! Merges a folder's records with what the folder stated before, and with what commands have made of them since.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lines::How;
use super::merge::{Merged, author, fields, merge};
use super::outcome::{Change, Contested};
use crate::domain::kinds::{RecordEvent, RecordKind};
use crate::domain::supplier::Offer;
use crate::engine::Engine;
use crate::sealed;
use crate::store::body::{parse, write};
use crate::store::{ChangeSet, Record, RecordChange, StoreError};

/// The actor of what a folder states.
pub const IMPORT: &str = "import";

/// The actor of what `caller` imports. `None` means somebody at this machine.
#[must_use]
pub fn imported_by(caller: Option<&str>) -> String {
    caller.map_or_else(|| IMPORT.to_owned(), |caller| format!("{IMPORT}, by {caller}"))
}

/// Whether `actor` is an import, so that what it states counts as stated by a folder.
fn is_import(actor: &str) -> bool {
    actor.strip_prefix(IMPORT).is_some_and(|by| by.is_empty() || by.starts_with(", by "))
}

/// The parts of a coalition's folder.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Stated {
    /// The settings of the whole coalition.
    Settings,
    /// The parties and their roles.
    Parties,
    /// The expert groups.
    Groups,
    /// Pledges and commitments.
    Contributions,
    /// Suppliers' offers.
    Offers,
    /// Costs on top of goods.
    Charges,
    /// The codes that lines may use.
    Codes,
    /// Goods that must not be bought.
    Prohibited,
    /// The places that deliveries go to.
    Consignees,
    /// Exchange rates, by day.
    Rates,
}

impl Records {
    #[must_use]
    pub fn is_changed(&self) -> bool {
        !self.new.is_empty() || !self.amended.is_empty()
    }
}

impl Stated {
    #[must_use]
    pub fn record(self) -> RecordKind {
        match self {
            Self::Settings => RecordKind::Setting,
            Self::Parties => RecordKind::Party,
            Self::Groups => RecordKind::Group,
            Self::Contributions => RecordKind::Contribution,
            Self::Offers => RecordKind::Offer,
            Self::Charges => RecordKind::Charge,
            Self::Codes => RecordKind::Code,
            Self::Prohibited => RecordKind::Prohibition,
            Self::Consignees => RecordKind::Consignee,
            Self::Rates => RecordKind::Rates,
        }
    }

    /// The name of the part in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Parties => "parties",
            Self::Groups => "groups",
            Self::Contributions => "contributions",
            Self::Offers => "offers",
            Self::Charges => "charges",
            Self::Codes => "codes",
            Self::Prohibited => "prohibited",
            Self::Consignees => "consignees",
            Self::Rates => "rates",
        }
    }

    /// Whether the folder's lack of a record means something. Rates are only those of some days, so a missing day
    /// means nothing.
    fn can_go(self) -> bool {
        match self {
            Self::Settings | Self::Rates => false,
            Self::Parties
            | Self::Groups
            | Self::Contributions
            | Self::Offers
            | Self::Charges
            | Self::Codes
            | Self::Prohibited
            | Self::Consignees => true,
        }
    }

    /// What the report proposes for a record that the folder does not have any more.
    fn proposal(self, id: &str) -> String {
        match self {
            Self::Offers => format!(
                "nothing is ordered from it: waybill offer end {id}, or waybill offer keep {id}"
            ),
            Self::Contributions => {
                format!(
                    "its money can still be used: waybill withdraw {id}, if the donor takes it back"
                )
            }
            Self::Parties => format!("it is kept: waybill member end {id}, if its role ends"),
            Self::Settings
            | Self::Groups
            | Self::Charges
            | Self::Codes
            | Self::Prohibited
            | Self::Consignees
            | Self::Rates => "it is kept".to_owned(),
        }
    }

    /// Whether `field` must not be shown to anybody: the address of a consignee.
    fn is_secret(self, field: &str) -> bool {
        self == Self::Consignees && field == "address"
    }
}

/// A record that is amended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordAmended {
    /// The id of the record.
    pub id: String,
    /// The changed fields.
    pub changes: Vec<Change>,
}

/// A record that commands have changed too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordConflict {
    /// The id of the record.
    pub id: String,
    /// The fields that both have changed.
    pub fields: Vec<Contested>,
}

/// A record that the folder does not have any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordGone {
    /// The id of the record.
    pub id: String,
    /// What happens to it, and the proposed commands.
    pub proposal: String,
}

/// What became of the records of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Records {
    /// The kind of the records.
    pub what: Stated,
    /// The ids of new records.
    pub new: Vec<String>,
    /// The number of records that are the same as before.
    pub unchanged: usize,
    /// The records that are amended.
    pub amended: Vec<RecordAmended>,
    /// The records that commands have changed too.
    pub conflicts: Vec<RecordConflict>,
    /// The records that the folder does not have any more.
    pub gone: Vec<RecordGone>,
}

/// The merge of a folder's records of one kind.
pub(super) struct Merge<'a> {
    engine: &'a Engine,
    how: &'a How,
    changes: Vec<RecordChange>,
    there: BTreeMap<String, Record>,
    said: BTreeSet<String>,
    /// Whether the records come from a planned file, so that records which are missing in it are not gone.
    pub(super) is_planned: bool,
    pub(super) records: Records,
}

/// The body of the record which says that something is gone, or is back.
fn gone(is_gone: bool) -> String {
    serde_json::json!({ "is_gone": is_gone }).to_string()
}

fn text(value: Option<&serde_json::Value>) -> String {
    match value {
        None | Some(serde_json::Value::Null) => String::new(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => amount(other).unwrap_or_else(|| other.to_string()),
    }
}

/// Formats money for people.
fn amount(value: &serde_json::Value) -> Option<String> {
    let money: crate::domain::money::Money = serde_json::from_value(value.clone()).ok()?;
    Some(money.to_string())
}

impl<'a> Merge<'a> {
    pub(super) async fn of(
        engine: &'a Engine,
        what: Stated,
        how: &'a How,
    ) -> Result<Self, StoreError> {
        let there = engine.store.records(what.record()).await?;
        let there = there.into_iter().map(|record| (record.id.clone(), record)).collect();
        let (new, amended, conflicts, gone) = Default::default();
        let records = Records { what, new, unchanged: 0, amended, conflicts, gone };
        let (said, changes) = (BTreeSet::new(), Vec::new());
        Ok(Self { engine, how, changes, there, said, is_planned: false, records })
    }

    fn put(&mut self, id: &str, expected: i64, body: String, event: RecordEvent) {
        let (kind, id) = (self.records.what.record(), id.to_owned());
        self.changes.push(RecordChange { kind, id, expected, body, event });
    }

    /// States the record `id`, and returns its new content if that changes.
    pub(super) async fn state<T>(&mut self, id: &str, theirs: &T) -> Result<Option<T>, StoreError>
    where
        T: Serialize + DeserializeOwned + Clone + PartialEq,
    {
        self.state_as(id, theirs, |ours| ours).await
    }

    /// States an offer. An offer that was gone and is back is on sale again.
    pub(super) async fn offer(&mut self, theirs: &Offer) -> Result<(), StoreError> {
        let resumed = |ours| Offer { is_suspended: false, ..ours };
        self.state_as(&theirs.id, theirs, resumed).await.map(drop)
    }

    /// Does the same. `clear` removes from the stored value what no folder states.
    async fn state_as<T>(
        &mut self,
        id: &str,
        theirs: &T,
        clear: impl Fn(T) -> T,
    ) -> Result<Option<T>, StoreError>
    where
        T: Serialize + DeserializeOwned + Clone + PartialEq,
    {
        let kind = self.records.what.record();
        let body = |value: &T| write(kind, id, value);
        self.said.insert(id.to_owned());
        let Some(record) = self.there.get(id) else {
            self.records.new.push(id.to_owned());
            self.put(id, 0, body(theirs)?, RecordEvent::RecordStated);
            return Ok(Some(theirs.clone()));
        };
        if record.body == body(theirs)? {
            self.records.unchanged += 1;
            return Ok(None);
        }
        let (version, there) = (record.version, self.opened(kind, id, &record.body, None)?);
        let before: T = parse(kind, id, &there)?;
        let ours = clear(before.clone());
        let base: Option<T> = self.base(id, &there).await?;
        let mut event = RecordEvent::RecordStated;
        let becomes = if base.as_ref() == Some(theirs) || ours == *theirs {
            event = RecordEvent::RecordRestated;
            ours
        } else {
            let merged = match &base {
                Some(base) => merge(base, &ours, theirs),
                None => Merged::of_strangers(&ours, theirs),
            };
            let base = base.unwrap_or_else(|| ours.clone());
            let is = |names: &[String]| {
                names.iter().any(|name| name == id || *name == format!("{kind}:{id}"))
            };
            match merged.conflicts.is_empty() {
                true => merged.theirs,
                false if is(&self.how.theirs) => merged.theirs,
                false if is(&self.how.ours) => merged.ours,
                false => {
                    let sides = [&base, &ours, theirs];
                    let conflict = self.conflict(id, merged.conflicts, sides).await?;
                    self.records.conflicts.push(conflict);
                    return Ok(None);
                }
            }
        };
        self.remember(id, &becomes, theirs).await?;
        if becomes == before {
            self.records.unchanged += 1;
            return Ok(None);
        }
        let changes = self.differences(&before, &becomes);
        self.records.amended.push(RecordAmended { id: id.to_owned(), changes });
        self.put(id, version, body(&becomes)?, event);
        Ok(Some(becomes))
    }

    /// What a folder stated for `id` the last time. `None` means that no folder has.
    ///
    /// Commands never change confidential values. So a value that was sealed by a missing key is taken to be as in
    /// `there`.
    async fn base<T: DeserializeOwned>(
        &self,
        id: &str,
        there: &str,
    ) -> Result<Option<T>, StoreError> {
        let kind = self.records.what.record();
        let subject = format!("{kind}:{id}");
        if let Some(said) = self.engine.store.record(RecordKind::Stated, &subject).await? {
            let body = self.opened(RecordKind::Stated, &subject, &said.body, Some(there))?;
            return parse(RecordKind::Stated, &subject, &body).map(Some);
        }
        let events = self.engine.store.events_of(&subject).await?;
        let stated = events
            .iter()
            .rev()
            .find(|e| e.kind == RecordEvent::RecordStated.name() && is_import(&e.actor));
        let Some(stated) = stated else { return Ok(None) };
        parse(kind, id, &self.opened(kind, id, &stated.body, Some(there))?).map(Some)
    }

    /// Opens the confidential values of a body, because only plain text can be compared.
    fn opened(
        &self,
        kind: RecordKind,
        id: &str,
        body: &str,
        otherwise: Option<&str>,
    ) -> Result<String, StoreError> {
        match self.records.what {
            Stated::Consignees => sealed::opened(&self.engine.keys, kind, id, body, otherwise),
            Stated::Settings
            | Stated::Parties
            | Stated::Groups
            | Stated::Contributions
            | Stated::Offers
            | Stated::Charges
            | Stated::Codes
            | Stated::Prohibited
            | Stated::Rates => Ok(body.to_owned()),
        }
    }

    /// Stores what the folder states, if it differs from the record.
    async fn remember<T: Serialize + PartialEq>(
        &mut self,
        id: &str,
        becomes: &T,
        theirs: &T,
    ) -> Result<(), StoreError> {
        let subject = format!("{}:{id}", self.records.what.record());
        let said = self.engine.store.record(RecordKind::Stated, &subject).await?;
        if becomes == theirs && said.is_none() {
            return Ok(());
        }
        let body = write(RecordKind::Stated, &subject, theirs)?;
        let before = said
            .as_ref()
            .map(|said| self.opened(RecordKind::Stated, &subject, &said.body, Some(&body)));
        if before.transpose()? != Some(body.clone()) {
            let expected = said.map_or(0, |said| said.version);
            let event = RecordEvent::RecordRemembered;
            self.changes.push(RecordChange {
                kind: RecordKind::Stated,
                id: subject,
                expected,
                body,
                event,
            });
        }
        Ok(())
    }

    fn shown(&self, field: &str, value: Option<&serde_json::Value>) -> String {
        let text = text(value);
        if self.records.what.is_secret(field) && !text.is_empty() {
            "(kept)".to_owned()
        } else {
            text
        }
    }

    fn differences(&self, from: &impl Serialize, to: &impl Serialize) -> Vec<Change> {
        let (from, to) = (fields(from), fields(to));
        let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
        let changed = names.into_iter().filter(|name| from.get(*name) != to.get(*name));
        let change = |field: &String| Change {
            field: field.clone(),
            from: self.shown(field, from.get(field)),
            to: self.shown(field, to.get(field)),
        };
        changed.map(change).collect()
    }

    async fn conflict(
        &self,
        id: &str,
        clashes: Vec<String>,
        [base, ours, theirs]: [&impl Serialize; 3],
    ) -> Result<RecordConflict, StoreError> {
        let subject = format!("{}:{id}", self.records.what.record());
        let events = self.engine.store.events_of(&subject).await?;
        let (base, ours, theirs) = (fields(base), fields(ours), fields(theirs));
        let contested = |field: String| Contested {
            before: self.shown(&field, base.get(&field)),
            ours: self.shown(&field, ours.get(&field)),
            ours_by: author(&events, &field).to_owned(),
            theirs: self.shown(&field, theirs.get(&field)),
            theirs_by: IMPORT.to_owned(),
            field,
        };
        let fields = clashes.into_iter().map(contested).collect();
        Ok(RecordConflict { id: id.to_owned(), fields })
    }

    /// Notes that `id` is in a file that only counts on a later day.
    pub(super) fn is_known(&mut self, id: &str) {
        self.said.insert(id.to_owned());
    }

    /// Reports each record once that the folder had and does not have any more, and suspends such offers. Adds all
    /// changes to `change_set`.
    pub(super) async fn end(mut self, change_set: &mut ChangeSet) -> Result<Records, StoreError> {
        if self.records.what.can_go() {
            self.compare_with_last().await?;
        }
        change_set.records.append(&mut self.changes);
        Ok(self.records)
    }

    async fn compare_with_last(&mut self) -> Result<(), StoreError> {
        let what = self.records.what;
        let subject = |id: &str| format!("{}:{id}", what.record());
        let told = self.engine.store.records(RecordKind::Gone).await?;
        let told: BTreeMap<String, Record> =
            told.into_iter().map(|record| (record.id.clone(), record)).collect();
        let is_gone = |record: &Record| record.body == gone(true);
        for id in self.said.clone() {
            if let Some(record) = told.get(&subject(&id)).filter(|record| is_gone(record)) {
                self.mark(subject(&id), false, record.version);
            }
        }
        let missing = self.there.keys().filter(|id| !self.said.contains(*id));
        let missing: Vec<String> = missing.filter(|_| !self.is_planned).cloned().collect();
        for id in missing {
            let before = told.get(&subject(&id));
            if before.is_some_and(is_gone) || !self.was_stated(&id).await? {
                continue;
            }
            self.mark(subject(&id), true, before.map_or(0, |record| record.version));
            if what == Stated::Offers {
                self.suspend(&id)?;
            }
            self.records.gone.push(RecordGone { proposal: what.proposal(&id), id });
        }
        Ok(())
    }

    fn mark(&mut self, id: String, is_gone: bool, expected: i64) {
        let (body, event) = (
            gone(is_gone),
            if is_gone { RecordEvent::RecordGone } else { RecordEvent::RecordBack },
        );
        self.changes.push(RecordChange { kind: RecordKind::Gone, id, expected, body, event });
    }

    /// Whether a folder has ever stated `id`. What only commands have stated cannot be missing in a folder.
    async fn was_stated(&self, id: &str) -> Result<bool, StoreError> {
        match self.records.what {
            Stated::Contributions | Stated::Parties => {
                let subject = format!("{}:{id}", self.records.what.record());
                let events = self.engine.store.events_of(&subject).await?;
                Ok(events.iter().any(|event| {
                    event.kind == RecordEvent::RecordStated.name() && is_import(&event.actor)
                }))
            }
            Stated::Settings
            | Stated::Groups
            | Stated::Offers
            | Stated::Charges
            | Stated::Codes
            | Stated::Prohibited
            | Stated::Consignees
            | Stated::Rates => Ok(true),
        }
    }

    fn suspend(&mut self, id: &str) -> Result<(), StoreError> {
        let Some(record) = self.there.get(id) else { return Ok(()) };
        let offer: Offer = parse(self.records.what.record(), id, &record.body)?;
        let (kind, expected) = (self.records.what.record(), record.version);
        let body = write(kind, id, &Offer { is_suspended: true, ..offer })?;
        self.put(id, expected, body, RecordEvent::OfferSuspended);
        Ok(())
    }
}
