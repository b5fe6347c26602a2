//! A donor's report: what each of its envelopes pays for, where that is, and the documents about it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::funding::ShareState;
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::money::Money;
use waybill_shared::domain::requisition::Line;
use waybill_shared::engine::Engine;
use waybill_shared::store::LotFilter;
use waybill_shared::visibility::Visibility;

use super::documents::{Filed, Wanted, documents};
use super::waits::{Wait, waits};
use super::words::{READ, name, place};
use crate::queries::error::QueryError;
use crate::queries::few::Few;
use crate::queries::lots::subject::Subject;
use crate::queries::money::envelopes::{MoneyView, money};
use crate::queries::orders::arrivals::Orders;
use crate::queries::past::AsOf;

/// What became of a donor's money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DonorReport {
    /// The coalition's name.
    pub coalition: String,
    /// The day whose end the report shows. For today, the state is that of now.
    pub day: NaiveDate,
    /// The donor's id.
    pub donor: String,
    /// The donor's name.
    pub name: String,
    /// The donor's money, including joint contributions.
    pub money: MoneyView,
    /// What each envelope pays for, or gives in kind.
    pub envelopes: Vec<EnvelopeReport>,
    /// The consents that the donor is asked for.
    pub consents: Few<Wait>,
}

/// What an envelope pays for, or gives in kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnvelopeReport {
    /// The contribution's id.
    pub id: String,
    /// The items, by lot.
    pub items: Few<Item>,
    /// Orders, and the documents about them, by day.
    pub documents: Few<Filed>,
}

/// An item that the envelope pays for, or that the donor gives in kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DonorItem)]
pub struct Item {
    /// The lot.
    #[serde(flatten)]
    pub subject: Subject,
    /// The item's cost to the envelope. Left out if it is given in kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// How far the money has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<ShareState>,
    /// The lot's state, in words.
    pub place: String,
    /// The order that the lot belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The day on which the lot is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<NaiveDate>,
    /// The consignee's public code.
    pub consignee: String,
}

/// An envelope while its report is built.
#[derive(Default)]
struct Gathered {
    items: Few<Item>,
    wanted: Wanted,
}

impl Gathered {
    fn add(&mut self, lot: &Lot, line: &Line, share: Option<(Money, ShareState)>) {
        if let Some(order) = &lot.order {
            self.wanted.orders.insert(order.clone());
        }
        self.wanted.senders.insert(line.requester.clone());
        self.items.push(Item {
            subject: Subject::of(lot, line),
            amount: share.map(|(amount, _)| amount),
            share: share.map(|(_, state)| state),
            place: place(lot),
            order: lot.order.clone(),
            due: lot.due,
            consignee: lot.consignee(line).to_owned(),
        });
    }
}

/// The report for `donor`. The documents are those that `live` has accepted.
pub(crate) async fn donor(
    live: &Engine,
    then: &AsOf,
    visibility: &Visibility,
    donor: &str,
) -> Result<DonorReport, QueryError> {
    let engine = &then.engine;
    let coalition = &visibility.coalition;
    let money = money(engine, visibility, Some(donor)).await?;
    let mut gathered: BTreeMap<String, Gathered> =
        money.envelopes.iter().map(|given| (given.id.clone(), Gathered::default())).collect();
    let mut after = None;
    loop {
        let filter = LotFilter { after, limit: READ, ..LotFilter::default() };
        let mut lots = engine.store.lots(&filter).await?;
        after = lots.last().map(|lot| lot.id);
        let is_last = (lots.len() as i64) < READ;
        let is_given = |id: &String| gathered.contains_key(id);
        lots.retain(|lot| {
            lot.funding.iter().map(|share| &share.envelope).chain(&lot.in_kind).any(is_given)
        });
        let lines = engine.lines_of(&lots).await?;
        for lot in &lots {
            let Some(line) = lines.get(&lot.line()) else { continue };
            for share in &lot.funding {
                if let Some(envelope) = gathered.get_mut(&share.envelope) {
                    envelope.add(lot, line, Some((share.amount, share.state)));
                    let consent = (lot.id, share.envelope.clone());
                    envelope.wanted.consents.insert(consent);
                }
            }
            if let Some(envelope) = lot.in_kind.as_ref().and_then(|id| gathered.get_mut(id)) {
                envelope.add(lot, line, None);
            }
        }
        if is_last {
            break;
        }
    }
    let zone = coalition.settings.as_ref().map_or(chrono_tz::UTC, |settings| settings.zone);
    let mut orders = Orders::default();
    let mut envelopes = Vec::with_capacity(gathered.len());
    for given in &money.envelopes {
        let Some(Gathered { items, mut wanted }) = gathered.remove(&given.id) else { continue };
        let mut filed = Vec::new();
        for number in wanted.orders.clone() {
            let Some(order) = orders.get(engine, &number).await? else { continue };
            wanted.senders.extend([order.supplier.clone(), order.channel.clone()]);
            filed.push(Filed {
                day: order.created.with_timezone(&zone).date_naive(),
                kind: "order".to_owned(),
                about: order.supplier.clone(),
                sender: order.channel.clone(),
                number,
            });
        }
        wanted.senders.extend(given.donors.iter().cloned());
        filed.extend(documents(&*live.store, &wanted, then.end, zone).await?);
        filed.sort_by_key(|filed| filed.day);
        envelopes.push(EnvelopeReport { id: given.id.clone(), items, documents: filed.into() });
    }
    let own: BTreeSet<&String> = money.envelopes.iter().map(|given| &given.id).collect();
    let mut consents = waits(engine, "consent").await?;
    consents.retain(|wait| wait.whose.iter().any(|asked| asked == donor));
    for wait in &mut consents {
        wait.money.retain(|(envelope, _)| own.contains(envelope));
    }
    Ok(DonorReport {
        coalition: name(coalition),
        day: then.day,
        donor: donor.to_owned(),
        name: coalition.name_of(donor).to_owned(),
        money,
        envelopes,
        consents: consents.into(),
    })
}
