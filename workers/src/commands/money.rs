//! Commands on contributions: taking back what is free, reinstating what has lapsed, recording
//! deposits.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use waybill_shared::domain::contribution::Contribution;
use waybill_shared::domain::kinds::{ReasonCode, RecordEvent, RecordKind};
use waybill_shared::domain::money::Money;
use waybill_shared::store::{ChangeSet, EnvelopeChange, EnvelopeRow, RecordChange};

use super::{Context, Decided, already, body, read, refuse};
use crate::documents::Refusal;
use crate::jobs::overdrawn::given_back;
use crate::wanted;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Deposit {
    contribution: String,
    amount: Money,
    date: NaiveDate,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    reason: String,
}

/// The money of an envelope that is not bound by an order, paid or lapsed, in minor units.
fn unbound(row: &EnvelopeRow) -> i64 {
    (row.committed - row.obligated - row.disbursed - row.expired).max(0)
}

impl Context<'_> {
    /// The amounts of `id` before and after this person last took some of it back.
    async fn withdrawn(&self, id: &str) -> Result<Option<(Option<Money>, Option<Money>)>, Refusal> {
        let subject = format!("contribution:{id}");
        let last =
            self.last::<Contribution>(&subject, RecordEvent::ContributionWithdrawn.name()).await?;
        Ok(last.map(|(before, after)| (before.amount, after.amount)))
    }

    pub(super) async fn withdraw(
        &self,
        id: &str,
        amount: Option<Money>,
        again: bool,
    ) -> Result<Decided, Refusal> {
        let engine = self.desk.engine;
        let unknown = || refuse(format!("there is no contribution `{id}`"));
        // Read the version and the content together.
        let record =
            engine.store.record(RecordKind::Contribution, id).await?.ok_or_else(unknown)?;
        let mut given: Contribution = read(RecordKind::Contribution, &record)?;
        let total =
            given.amount.ok_or_else(|| refuse(format!("`{id}` is not a contribution of money")))?;
        let rows = engine.store.envelopes().await?;
        let row = rows.into_iter().find(|row| row.id == id);
        let free = row.as_ref().map_or(total.minor, unbound);
        if amount.is_some_and(|amount| amount.currency != total.currency || amount.minor <= 0) {
            return Err(refuse(format!(
                "`{id}` is in {}: give an amount above 0 in that currency",
                total.currency
            )));
        }
        if let (Some(amount), false) = (amount, again)
            && let Some((Some(before), Some(after))) = self.withdrawn(id).await?
            && before.minor - after.minor == amount.minor
        {
            return already(format!(
                "{amount} was already taken back; `again` takes back the same amount once more"
            ));
        }
        let taken = amount.map_or(free, |amount| amount.minor);
        if taken > free {
            let free = Money::new(free, total.currency);
            return Err(refuse(format!(
                "only {free} of `{id}` can be taken back: the rest is bound, paid or lapsed"
            )));
        }
        if taken == 0 {
            return already("none of its money can be taken back: all is bound, paid or lapsed");
        }
        let mut change_set = self.desk.change_set();
        let left = total.minor - taken;
        given.amount = Some(Money::new(left, total.currency));
        self.cut_tranches(&mut given.tranches, left);
        if let Some(row) = &row {
            self.free(row, taken, &mut change_set).await?;
            let opened = given.opened(engine.today(self.coalition())).min(left);
            change_set.envelopes.push(EnvelopeChange {
                id: id.to_owned(),
                expected: row.version,
                currency: row.currency.clone(),
                committed: left - row.committed,
                opened: opened.max(row.obligated + row.disbursed + row.expired) - row.opened,
                expired: 0,
            });
        }
        change_set.records.push(RecordChange {
            kind: RecordKind::Contribution,
            id: id.to_owned(),
            expected: record.version,
            body: body(RecordKind::Contribution, id, &given)?,
            event: RecordEvent::ContributionWithdrawn,
        });
        change_set.jobs.push(wanted::round(engine));
        Ok(change_set.into())
    }

    /// Cuts the last tranches, so that the tranches add up to `left`.
    fn cut_tranches(
        &self,
        tranches: &mut Vec<waybill_shared::domain::contribution::Tranche>,
        mut left: i64,
    ) {
        for tranche in tranches.iter_mut() {
            tranche.minor = tranche.minor.min(left);
            left -= tranche.minor;
        }
        tranches.retain(|tranche| tranche.minor > 0);
    }

    /// Matches lots again that counted on the money taken back, those with the lowest priority
    /// first.
    async fn free(
        &self,
        row: &EnvelopeRow,
        taken: i64,
        change_set: &mut ChangeSet,
    ) -> Result<(), Refusal> {
        let engine = self.desk.engine;
        let spare = row.committed - row.used();
        let mut lots = engine.store.lots_awaiting("consent").await?;
        lots.extend(engine.store.lots_awaiting("gathering").await?);
        let why = format!("{}: {}", row.id, self.because("taken back by its donor"));
        let because = (ReasonCode::ContributionWithdrawn, why.as_str());
        let (changes, missing) = given_back(engine, &lots, &row.id, taken - spare.max(0), because)
            .map_err(|error| refuse(error.to_string()))?;
        change_set.lots.extend(changes);
        if missing > 0 {
            let text = format!("lots that `{}` pays for are being ordered", row.id);
            return Err(refuse(format!("{text}: try again in a moment")));
        }
        Ok(())
    }

    /// Reinstates money that lapsed because a clock was wrong, or before its donor gave it more
    /// time.
    pub(super) async fn reinstate(&self, id: &str) -> Result<Decided, Refusal> {
        let engine = self.desk.engine;
        let given = self.coalition().contributions.get(id);
        let given = given.ok_or_else(|| refuse(format!("there is no contribution `{id}`")))?;
        let rows = engine.store.envelopes().await?;
        let row = rows.into_iter().find(|row| row.id == id && row.expired > 0);
        let Some(row) = row else { return already("none of its money has lapsed") };
        let today = engine.today(self.coalition());
        if let Some(last) = given.obligate_by.filter(|last| *last < today) {
            let text = format!("the last day on which `{id}` can be bound was {last}");
            return Err(refuse(format!(
                "{text}: state a later one with `waybill commit --obligate-by`"
            )));
        }
        let mut change_set = self.desk.change_set();
        change_set.envelopes.push(EnvelopeChange {
            id: row.id,
            expected: row.version,
            currency: row.currency,
            committed: 0,
            opened: 0,
            expired: -row.expired,
        });
        change_set.jobs.push(wanted::round(engine));
        Ok(change_set.into())
    }

    pub(super) async fn deposit(
        &self,
        id: &str,
        number: &str,
        amount: Money,
        date: NaiveDate,
    ) -> Result<Decided, Refusal> {
        let given = self.coalition().contributions.get(id);
        let given = given.ok_or_else(|| refuse(format!("there is no contribution `{id}`")))?;
        let total =
            given.amount.ok_or_else(|| refuse(format!("`{id}` is not a contribution of money")))?;
        if amount.currency != total.currency || amount.minor <= 0 {
            return Err(refuse(format!("`{id}` is in {}: give an amount above 0", total.currency)));
        }
        let record = format!("{id}/{number}");
        let reason = self.reason.to_owned();
        let deposit = Deposit { contribution: id.to_owned(), amount, date, reason };
        let body = body(RecordKind::Deposit, &record, &deposit)?;
        match self.desk.engine.store.record(RecordKind::Deposit, &record).await? {
            Some(there) if there.body == body => return already("it is already recorded"),
            Some(_) => {
                let text =
                    format!("`{id}` already has a different deposit with the number `{number}`");
                return Err(refuse(text));
            }
            None => {}
        }
        let mut change_set = self.desk.change_set();
        let event = RecordEvent::DepositRecorded;
        change_set.records.push(RecordChange {
            kind: RecordKind::Deposit,
            id: record,
            expected: 0,
            body,
            event,
        });
        Ok(change_set.into())
    }
}
