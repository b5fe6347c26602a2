//! What is stored about a subject in addition to its history: notes, files, claims.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::{EventSubject, RecordEvent, RecordKind};
use waybill_shared::domain::money::Money;
use waybill_shared::line_name::{NamedLine, named_among};
use waybill_shared::store::RecordChange;

use super::{Context, Decided, already, body, refuse};
use crate::documents::Refusal;
use crate::orders::StoredOrder;
use crate::remark::{Note, next};

/// The largest file that can be attached, in bytes.
pub const LARGEST: usize = 8 * 1024 * 1024;

/// A claim against a supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The number of the order.
    pub order: String,
    pub supplier: String,
    /// The claimed amount, or `None` if the claim is not about money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// The reason for the claim.
    pub text: String,
}

/// A file that belongs to a subject. A separate record, named by its hash, holds the content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The id of the subject.
    pub subject: String,
    pub name: String,
    pub bytes: usize,
    /// The SHA-256 of the content, which names the record that holds it.
    pub sha256: String,
}

impl Context<'_> {
    pub(super) async fn note(
        &self,
        id: &str,
        follow_up: Option<NaiveDate>,
    ) -> Result<Decided, Refusal> {
        if self.reason.is_empty() {
            return Err(refuse("the note has no text"));
        }
        let subject = self.subject(id).await?;
        let note = Note { subject, text: self.reason.to_owned(), follow_up };
        self.keep(RecordKind::Note, &note.subject, &note, RecordEvent::NoteWritten).await
    }

    pub(super) async fn claim(&self, id: &str, amount: Option<Money>) -> Result<Decided, Refusal> {
        let filed = StoredOrder::read(self.desk.engine, id).await?;
        let filed = filed.ok_or_else(|| refuse(format!("there is no order `{id}`")))?;
        if self.reason.is_empty() {
            return Err(refuse("a claim needs a reason"));
        }
        if amount.is_some_and(|amount| amount.minor <= 0) {
            return Err(refuse("the amount of a claim is above 0: correct it or leave it out"));
        }
        let (order, supplier) = (filed.order.number, filed.order.supplier);
        let claim = Claim { order, supplier, amount, text: self.reason.to_owned() };
        self.keep(RecordKind::Claim, &claim.order, &claim, RecordEvent::ClaimMade).await
    }

    pub(super) async fn attach(
        &self,
        id: &str,
        name: &str,
        content: &[u8],
    ) -> Result<Decided, Refusal> {
        if content.len() > LARGEST {
            let largest = LARGEST / 1024 / 1024;
            return Err(refuse(format!(
                "`{name}` is larger than the limit of {largest} MiB: store it elsewhere"
            )));
        }
        let subject = self.subject(id).await?;
        let sha256 = hex::encode(Sha256::digest(content));
        let bytes = content.len();
        let kept = Attachment { subject, name: name.to_owned(), bytes, sha256: sha256.clone() };
        let mut decided = self
            .keep(RecordKind::Attachment, &kept.subject, &kept, RecordEvent::FileAttached)
            .await?;
        if let Decided::Change(change_set) = &mut decided
            && self.desk.engine.store.record(RecordKind::Content, &sha256).await?.is_none()
        {
            use base64::Engine as _;
            let body = serde_json::json!(base64::prelude::BASE64_STANDARD.encode(content));
            change_set.records.push(RecordChange {
                kind: RecordKind::Content,
                id: sha256,
                expected: 0,
                body: body.to_string(),
                event: RecordEvent::ContentKept,
            });
        }
        Ok(decided)
    }

    /// Adds a record to those of `subject`, unless one of them has the same content.
    async fn keep<T: Serialize>(
        &self,
        kind: RecordKind,
        subject: &str,
        value: &T,
        event: RecordEvent,
    ) -> Result<Decided, Refusal> {
        let body = body(kind, subject, value)?;
        let Some(id) = next(self.desk.engine, kind, subject, &body).await? else {
            return already("it is already stored");
        };
        let mut change_set = self.desk.change_set();
        change_set.records.push(RecordChange { kind, id, expected: 0, body, event });
        Ok(change_set.into())
    }

    /// The printed id of what `id` names: a lot, a line, an order, a contribution, a party or an
    /// offer.
    pub(super) async fn subject(&self, id: &str) -> Result<String, Refusal> {
        let store = &self.desk.engine.store;
        if let Ok(lot) = id.parse::<LotId>() {
            return self.desk.lot(lot).await.map(|lot| lot.id.to_string());
        }
        let kinds =
            [RecordKind::Order, RecordKind::Contribution, RecordKind::Party, RecordKind::Offer];
        match named_among(&**store, id, &kinds).await? {
            (NamedLine::Several(name), _) => return Err(refuse(name.to_string())),
            (_, Some(kind)) => return Ok(format!("{kind}:{id}")),
            (NamedLine::One(line, _), None) => return Ok(line.to_string()),
            (NamedLine::Unknown, None) => {}
        }
        // A full id (`kind:id`) is accepted where a bare name would be ambiguous.
        if let EventSubject::Record(kind, name) = EventSubject::of(id)
            && kinds.contains(&kind)
            && store.record(kind, name).await?.is_some()
        {
            return Ok(id.to_owned());
        }
        Err(refuse(format!("there is no lot, line, order, contribution, party or offer `{id}`")))
    }
}
