//! Records of what steps look up, merged with what a folder said before and what commands have made
//! of them since.

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

/// Who states what a folder says.
pub const IMPORT: &str = "import";

/// The actor of what `caller` imports; none: whoever is at this machine.
#[must_use]
pub fn imported_by(caller: Option<&str>) -> String {
    caller.map_or_else(|| IMPORT.to_owned(), |caller| format!("{IMPORT}, by {caller}"))
}

/// Whether `actor` is one who imports: what it states is what a folder says.
fn is_import(actor: &str) -> bool {
    actor.strip_prefix(IMPORT).is_some_and(|by| by.is_empty() || by.starts_with(", by "))
}

/// What a folder's files say, by what they are called.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Stated {
    /// What holds for the coalition as a whole.
    Settings,
    /// Who takes part.
    Parties,
    /// Expert groups.
    Groups,
    /// What is promised.
    Contributions,
    /// What can be bought.
    Offers,
    /// What comes on top of goods.
    Charges,
    /// Codes that lines may use.
    Codes,
    /// What must not be bought.
    Prohibited,
    /// Where deliveries go.
    Consignees,
    /// Rates of currencies, by day.
    Rates,
}

impl Records {
    /// Whether anything of them is new or amended.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        !self.new.is_empty() || !self.amended.is_empty()
    }
}

impl Stated {
    /// The kind of its records.
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

    /// What they are called together.
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

    /// Whether a folder that has one of them no more means something: rates are those of some days.
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

    /// The commands that are proposed for one of them that is gone.
    fn proposal(self, id: &str) -> String {
        match self {
            Self::Offers => format!(
                "nothing is ordered by it: waybill offer end {id}, or waybill offer keep {id}"
            ),
            Self::Contributions => {
                format!("it still pays: waybill withdraw {id}, if it is taken back")
            }
            Self::Parties => format!("it stays: waybill member end {id}, if its role ends"),
            Self::Settings
            | Self::Groups
            | Self::Charges
            | Self::Codes
            | Self::Prohibited
            | Self::Consignees
            | Self::Rates => "it stays".to_owned(),
        }
    }

    /// Fields that are told to nobody: where a consignee is.
    fn is_secret(self, field: &str) -> bool {
        self == Self::Consignees && field == "address"
    }
}

/// A record that says something else than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordAmended {
    /// Its id.
    pub id: String,
    /// What differs.
    pub changes: Vec<Change>,
}

/// A record that commands have changed meanwhile, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordConflict {
    /// Its id.
    pub id: String,
    /// The fields that both have changed.
    pub fields: Vec<Contested>,
}

/// A record that the folder does not have any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordGone {
    /// Its id.
    pub id: String,
    /// What becomes of it, and the commands that are proposed.
    pub proposal: String,
}

/// What became of the records of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Records {
    /// What they are.
    pub what: Stated,
    /// Those that were not known, by id.
    pub new: Vec<String>,
    /// How many say what was known.
    pub unchanged: usize,
    /// Those that say something else.
    pub amended: Vec<RecordAmended>,
    /// Those that commands have changed meanwhile, too.
    pub conflicts: Vec<RecordConflict>,
    /// Those that the folder does not have any more.
    pub gone: Vec<RecordGone>,
}

/// What a folder says of one kind of records, as it is decided.
pub(super) struct Merge<'a> {
    engine: &'a Engine,
    how: &'a How,
    changes: Vec<RecordChange>,
    there: BTreeMap<String, Record>,
    said: BTreeSet<String>,
    /// Records for which a file's word does not stand against a command's: nobody is there to decide.
    pub(super) is_planned: bool,
    pub(super) records: Records,
}

/// What the record that something is gone, or is back, holds.
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

/// Money as people read it.
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

    /// What `id` is from now on, where that changes.
    pub(super) async fn state<T>(&mut self, id: &str, theirs: &T) -> Result<Option<T>, StoreError>
    where
        T: Serialize + DeserializeOwned + Clone + PartialEq,
    {
        self.state_as(id, theirs, |ours| ours).await
    }

    /// An offer: one that was gone and is back is on sale again.
    pub(super) async fn offer(&mut self, theirs: &Offer) -> Result<(), StoreError> {
        let resumed = |ours| Offer { is_suspended: false, ..ours };
        self.state_as(&theirs.id, theirs, resumed).await.map(drop)
    }

    /// The same, where `clear` takes from what is there what no folder states.
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

    /// What a folder said of it the last time; none: no folder did.
    ///
    /// A commands' word is never about what is confidential: what was sealed by a key that is gone is as `there`.
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

    /// A body with what is confidential in plain text: only so it can be compared.
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

    /// Keeps what the folder says where the record does not.
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

    /// Takes note that `id` is in a file, although not one of today.
    pub(super) fn is_known(&mut self, id: &str) {
        self.said.insert(id.to_owned());
    }

    /// Tells what the folder had before and has no more, each once; such offers are suspended. Adds all
    /// that was decided to `change set`.
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

    /// Whether a folder has stated it: what only commands have stated was never in one.
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
