//! Commands on offers that are missing from the imported folder: end them, or keep them.

use chrono::NaiveDate;
use waybill_shared::domain::kinds::{RecordEvent, RecordKind};
use waybill_shared::domain::supplier::Offer;
use waybill_shared::store::{Record, RecordChange};

use super::{Context, Decided, already, body, read, refuse};
use crate::documents::Refusal;
use crate::wanted;

impl Context<'_> {
    pub(super) async fn end_offer(&self, id: &str, last: NaiveDate) -> Result<Decided, Refusal> {
        let (record, mut offer) = self.offer(id).await?;
        if !offer.is_suspended && offer.to.is_some_and(|to| to <= last) {
            return already("it already ends on or before that day");
        }
        if last < offer.from {
            return Err(refuse(format!(
                "it is valid from {}: end it on that day at the earliest",
                offer.from
            )));
        }
        offer.is_suspended = false;
        offer.to = Some(last);
        self.state_offer(&record, &offer, RecordEvent::OfferEnded)
    }

    pub(super) async fn keep_offer(&self, id: &str) -> Result<Decided, Refusal> {
        let (record, mut offer) = self.offer(id).await?;
        if !offer.is_suspended {
            return already("it is already on sale");
        }
        offer.is_suspended = false;
        self.state_offer(&record, &offer, RecordEvent::OfferKept)
    }

    async fn offer(&self, id: &str) -> Result<(Record, Offer), Refusal> {
        let record = self.desk.engine.store.record(RecordKind::Offer, id).await?;
        let record = record.ok_or_else(|| refuse(format!("there is no offer `{id}`")))?;
        let offer = read(RecordKind::Offer, &record)?;
        Ok((record, offer))
    }

    fn state_offer(
        &self,
        record: &Record,
        offer: &Offer,
        event: RecordEvent,
    ) -> Result<Decided, Refusal> {
        let mut change_set = self.desk.change_set();
        change_set.records.push(RecordChange {
            kind: RecordKind::Offer,
            id: record.id.clone(),
            expected: record.version,
            body: body(RecordKind::Offer, &record.id, offer)?,
            event,
        });
        change_set.jobs.push(wanted::round(self.desk.engine));
        Ok(change_set.into())
    }
}
