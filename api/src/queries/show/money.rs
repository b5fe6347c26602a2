//! A contribution with what became of its money, and all contributions of a donor.

use std::collections::BTreeMap;

use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::contribution::{Consent, Contribution, Firmness, InKind};
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::domain::money::{Currency, Money};
use waybill_shared::engine::Engine;
use waybill_shared::store::Record;
use waybill_shared::views::{ContributionView, EnvelopeView};

use super::lot::named;
use super::{Facts, Shown, read};
use crate::queries::error::QueryError;
use crate::queries::lots::timeline::timelines;

pub(super) async fn contribution(engine: &Engine, record: &Record) -> Result<Shown, QueryError> {
    let given: Contribution = read(RecordKind::Contribution, record)?;
    let coalition = engine.coalition().await?;
    let mut facts = Facts::default();
    facts.add("id", given.id.clone());
    let donors: Vec<String> = given.donors.iter().map(|id| named(id, &coalition)).collect();
    facts.add("donors", donors.join(", "));
    facts.add("firmness", firmness(given.firmness));
    facts.add("stated", given.stated.to_string());
    facts.may("amount", given.amount);
    given.in_kind.iter().for_each(|gift| facts.add("in kind", in_kind(gift)));
    facts.may("converts", given.converts.as_ref());
    earmark(&mut facts, &given);
    facts.add("consent", consent(&given));
    if let Some(currency) = given.currency() {
        for tranche in &given.tranches {
            let part = Money::new(tranche.minor, currency);
            facts.add("tranche", format!("{part} opens {}", tranche.opens));
        }
    }
    facts.may("obligate by", given.obligate_by);
    facts.may("pay by", given.pay_by);
    facts.add("source", given.source.clone());
    let rows = engine.store.envelopes().await?;
    let envelope = rows.iter().find(|row| row.id == given.id).and_then(EnvelopeView::of);
    if let Some(envelope) = envelope {
        let amounts = [
            ("open", envelope.opened),
            ("set aside", envelope.allocated),
            ("bound", envelope.obligated),
            ("paid", envelope.disbursed),
            ("lapsed", envelope.expired),
            ("available", envelope.left),
            ("overrun", envelope.overrun),
        ];
        for (name, amount) in amounts {
            if amount.minor != 0 || name == "available" {
                facts.add(name, amount.to_string());
            }
        }
    }
    let id = format!("contribution:{}", given.id);
    let subjects = [id.clone(), format!("envelope:{}", given.id)];
    let timeline = timelines(engine, &subjects).await?;
    Ok(Shown::new("contribution", id, facts, timeline))
}

fn firmness(firmness: Firmness) -> &'static str {
    match firmness {
        Firmness::Pledge => "pledge",
        Firmness::Commitment => "commitment",
    }
}

fn in_kind(gift: &InKind) -> String {
    format!("{gift}, {} days after it is agreed", gift.lead_days)
}

fn earmark(facts: &mut Facts, given: &Contribution) {
    let earmark = &given.earmark;
    facts.add("only for codes", earmark.prefixes.join(", "));
    facts.add("only for items", earmark.items.join(", "));
    facts.add("only for", earmark.requesters.join(", "));
    facts.add("not for", earmark.excluded.join(", "));
    facts.may("only through", earmark.channel.as_ref());
}

fn consent(given: &Contribution) -> String {
    match (&given.consent, given.currency()) {
        (Consent::None, _) => "not asked for".to_owned(),
        (Consent::EachLine, _) => "asked for each lot".to_owned(),
        (Consent::Above(minor), Some(currency)) => {
            format!("asked for above {}", Money::new(*minor, currency))
        }
        (Consent::Above(_), None) => String::new(),
    }
}

/// Everything that `donor` gives, alone or with others.
pub(super) async fn given_by(
    engine: &Engine,
    coalition: &Coalition,
    donor: &str,
) -> Result<Vec<ContributionView>, QueryError> {
    let is_own = |given: &&Contribution| given.donors.iter().any(|id| id == donor);
    let rows = engine.store.envelopes().await?;
    let mut views = Vec::new();
    for given in coalition.contributions.values().filter(is_own) {
        let record = engine.store.record(RecordKind::Contribution, &given.id).await?;
        let envelope = rows.iter().find(|row| row.id == given.id).and_then(EnvelopeView::of);
        let version = record.map_or(0, |record| record.version);
        views.push(ContributionView { contribution: given.clone(), envelope, version });
    }
    Ok(views)
}

/// The totals of a donor's envelopes, by currency. Joint envelopes count in full.
pub(super) fn totals(facts: &mut Facts, views: &[ContributionView]) {
    let amount = |view: &ContributionView| view.contribution.amount;
    let is_pledge = |view: &&ContributionView| view.contribution.firmness == Firmness::Pledge;
    facts.add("pledged", sum(views.iter().filter(is_pledge).filter_map(amount)));
    let of = |part: fn(&EnvelopeView) -> Money| {
        sum(views.iter().filter_map(|view| view.envelope.as_ref()).map(part))
    };
    facts.add("committed", of(|envelope| envelope.committed));
    facts.add("opened", of(|envelope| envelope.opened));
    facts.add("allocated", of(|envelope| envelope.allocated));
    facts.add("contracted", of(|envelope| envelope.obligated));
    facts.add("disbursed", of(|envelope| envelope.disbursed));
    facts.add("expired", of(|envelope| envelope.expired));
    if views.iter().any(|view| view.envelope.is_some()) {
        let left = of(|envelope| envelope.left);
        facts.add("left", if left.is_empty() { "nothing".to_owned() } else { left });
    }
}

fn sum(amounts: impl Iterator<Item = Money>) -> String {
    let mut sums: BTreeMap<Currency, Money> = BTreeMap::new();
    for amount in amounts {
        let sum = sums.entry(amount.currency).or_insert(Money::zero(amount.currency));
        // An amount that would overflow the sum is left out. The single envelopes still show it.
        *sum = sum.checked_add(amount).unwrap_or(*sum);
    }
    let is_told = |sum: &&Money| sum.minor != 0;
    let told: Vec<String> = sums.values().filter(is_told).map(Money::to_string).collect();
    told.join(", ")
}
