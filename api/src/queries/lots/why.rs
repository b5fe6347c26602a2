//! The answer of `why` about one lot: its state, and why it has its money or lacks it.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::LotEvent;
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Priority};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::requisition::Line;
use waybill_shared::engine::Engine;
use waybill_shared::matching::explanation::{
    Explanation, Missing, Spending, funded, spend, unfunded,
};
use waybill_shared::matching::near::Market;
use waybill_shared::matching::{Round, WhyNot};
use waybill_shared::rounds;
use waybill_shared::store::{LotFilter, StoreError};
use waybill_shared::visibility::Visibility;

use crate::queries::error::QueryError;
use crate::queries::few::Few;
use crate::queries::lots::subject::Subject;
use crate::queries::lots::timeline::state;

/// The number of lots read at once.
const READ: i64 = 10_000;

/// A lot with the explanation of its money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Why {
    /// The lot.
    pub lot: LotId,
    /// The requester's id of the lot's line.
    pub line: String,
    /// The requester.
    pub requester: String,
    /// The item.
    pub item: String,
    /// The quantity.
    pub quantity: String,
    /// The unit's code.
    pub unit: String,
    /// The lot's priority.
    pub priority: Priority,
    /// The lot's state, and who must act next.
    pub state: String,
    /// Why the lot is in that state, in words.
    pub reason: String,
    /// Why the lot has its money, or lacks it.
    pub explanation: Explanation,
}

/// A lot that waits for money, and how much it lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ShortLot)]
pub struct Short {
    /// The lot.
    #[serde(flatten)]
    pub subject: Subject,
    /// The lot's cost. Left out if nobody offers the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// The smallest new amount that funds the lot while everything ahead of it keeps its money. Left out if the next
    /// round funds the lot, or if nobody offers the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Money>,
    /// The envelopes of which any one would be enough if it grew by that amount.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// The number of lots behind this one that would lose their money.
    pub would_unfund: usize,
    /// Why the lot waits, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Explains `lot` of `line`.
///
/// # Errors
/// A [`QueryError`] if the store cannot be read.
pub(crate) async fn why(engine: &Engine, lot: &Lot, line: &Line) -> Result<Why, QueryError> {
    let explanation = explain(engine, lot, line).await?;
    Ok(Why {
        lot: lot.id,
        line: line.external_id.clone(),
        requester: line.requester.clone(),
        item: line.item.clone(),
        quantity: lot.quantity.to_string(),
        unit: line.unit.to_string(),
        priority: lot.priority,
        state: state(lot),
        reason: lot.reason.clone(),
        explanation,
    })
}

impl Why {
    /// Limits the answer to what the caller may see. Only those who may see the donors' money learn what is left of it,
    /// and whose money may not be used.
    #[must_use]
    pub(crate) fn seen(mut self, lot: &Lot, visibility: &Visibility) -> Self {
        if visibility.is_whole() {
            return self;
        }
        self.reason = visibility.told(&visibility.reason(lot));
        self.state = visibility.told(&self.state);
        match &mut self.explanation {
            Explanation::Unfunded(missing) => {
                let Missing { day, ahead, .. } = **missing;
                self.explanation = Explanation::Unpaid { day, ahead };
            }
            Explanation::Funded { payers, others, .. } => {
                for payer in payers {
                    payer.envelope = visibility.envelope(&payer.envelope);
                }
                let given = |id: &str| visibility.coalition.contributions.get(id);
                others.retain(|other| {
                    given(&other.envelope).is_some_and(|own| visibility.contribution(own))
                });
            }
            Explanation::NextRound { payers, .. } => {
                for payer in payers {
                    payer.envelope = visibility.envelope(&payer.envelope);
                }
            }
            Explanation::InKind { contribution } => {
                *contribution = visibility.contribution_name(contribution);
            }
            Explanation::Unpaid { .. } | Explanation::Unoffered { .. } | Explanation::Undecided => {
            }
        }
        self
    }
}

async fn explain(engine: &Engine, lot: &Lot, line: &Line) -> Result<Explanation, QueryError> {
    let coalition = engine.coalition().await?;
    if let Some(contribution) = &lot.in_kind {
        return Ok(Explanation::InKind { contribution: contribution.clone() });
    }
    if !lot.funding.is_empty() {
        let day = matched_on(engine, lot).await?.unwrap_or_else(|| engine.today(&coalition));
        let order = &engine.pipeline_of(lot).map_err(StoreError::from)?.match_donor.order;
        return Ok(funded(&coalition, lot, line, order, day));
    }
    if !matches!(lot.state().awaits(), Some(Awaited::Funding | Awaited::Offer)) {
        return Ok(Explanation::Undecided);
    }
    let day = engine.today(&coalition);
    let waiting = rounds::lots(&*engine.store, &coalition, day).await?;
    let lines = engine.lines_of(&waiting).await?;
    let lots: Vec<(&Lot, &Line)> =
        waiting.iter().filter_map(|lot| Some((lot, &**lines.get(&lot.line())?))).collect();
    let Some(place) = lots.iter().position(|(other, _)| other.id == lot.id) else {
        return Ok(Explanation::Undecided);
    };
    let funds = rounds::funds(engine, lots.iter().map(|(lot, _)| *lot)).await?;
    let policy = &engine.pipeline().match_donor;
    let refused = QueryError::Money;
    let (round, solution) =
        Round::solved(&coalition, &funds, &lots, policy, day).map_err(refused)?;
    if is_unoffered(&round, place) {
        let wanted = lots.iter().filter(|(lot, _)| lot.funding.is_empty());
        let mut market = Market::new(&coalition, &funds.frameworks, day)
            .wanting(wanted.map(|(lot, line)| (lot.quantity, *line)));
        let near_offers = market.near(lot, line);
        return Ok(Explanation::Unoffered { day, near_offers });
    }
    let ids: Vec<LotId> = lots.iter().map(|(lot, _)| lot.id).collect();
    let spending = spending(engine, &waiting).await?;
    let explained = unfunded(&coalition, &round, &solution, &ids, place, day, &spending);
    Ok(explained.map_err(refused)?.unwrap_or(Explanation::Undecided))
}

/// Whether no offer fits the lot at `place`, or no money can be used for it through the channel of any fitting offer.
fn is_unoffered(round: &Round, place: usize) -> bool {
    let Some(ask) = &round.asks[place] else { return true };
    let at = round.asks[..place].iter().flatten().count();
    let group = round.problem.demands.get(at).map(|demand| demand.group);
    let is_empty = group.is_some_and(|group| round.problem.groups[group].is_empty());
    is_empty && ask.reasons.iter().any(|(_, why)| *why == WhyNot::Channel)
}

/// The first `most` lots by priority that wait for money, with the amount that would fund each.
pub(crate) async fn most_urgent(engine: &Engine, most: usize) -> Result<Few<Short>, QueryError> {
    shorts(engine, |told, _| told < most).await
}

/// How much each of `lots` lacks now, if it waits for money.
pub(crate) async fn short_of(
    engine: &Engine,
    lots: &BTreeSet<LotId>,
) -> Result<HashMap<LotId, Short>, QueryError> {
    let short = shorts(engine, |_, lot| lots.contains(&lot)).await?;
    Ok(short.first.into_iter().map(|short| (short.subject.lot, short)).collect())
}

/// Lots that wait for money, by priority. Those that `is_told` selects are listed with the amount that would fund each;
/// the others are only counted. `is_told` gets the number of lots listed so far, and the lot.
async fn shorts(
    engine: &Engine,
    is_told: impl Fn(usize, LotId) -> bool,
) -> Result<Few<Short>, QueryError> {
    let refused = QueryError::Money;
    let coalition = engine.coalition().await?;
    let day = engine.today(&coalition);
    let waiting = rounds::lots(&*engine.store, &coalition, day).await?;
    let lines = engine.lines_of(&waiting).await?;
    let lots: Vec<(&Lot, &Line)> =
        waiting.iter().filter_map(|lot| Some((lot, &**lines.get(&lot.line())?))).collect();
    let waits =
        |lot: &Lot| matches!(lot.state(), LotState::Waiting { awaits: Awaited::Funding, .. });
    let funds = rounds::funds(engine, lots.iter().map(|(lot, _)| *lot)).await?;
    let policy = &engine.pipeline().match_donor;
    let (round, solution) =
        Round::solved(&coalition, &funds, &lots, policy, day).map_err(refused)?;
    let ids: Vec<LotId> = lots.iter().map(|(lot, _)| lot.id).collect();
    let mut short = Few::default();
    for (place, (lot, line)) in lots.iter().enumerate().filter(|(_, (lot, _))| waits(lot)) {
        if !is_told(short.first.len(), lot.id) {
            short.all += 1;
            continue;
        }
        let none = Spending::new();
        let why = unfunded(&coalition, &round, &solution, &ids, place, day, &none);
        let why = why.map_err(refused)?;
        let reason = match &why {
            Some(Explanation::NextRound { .. }) => "the next round funds it".to_owned(),
            _ => lot.reason.clone(),
        };
        let missing = match why {
            Some(Explanation::Unfunded(missing)) => Some(missing),
            _ => None,
        };
        short.push(Short {
            subject: Subject::of(lot, line),
            cost: missing.as_ref().map(|missing| missing.cost),
            missing: missing.as_ref().map(|missing| missing.missing),
            would_unfund: missing.as_ref().map_or(0, |missing| missing.would_unfund.len()),
            from: missing.map(|missing| missing.from).unwrap_or_default(),
            reason,
        });
    }
    Ok(short)
}

/// The day on which a lot got its money.
async fn matched_on(engine: &Engine, lot: &Lot) -> Result<Option<NaiveDate>, StoreError> {
    let events = engine.store.events_of(&lot.id.to_string()).await?;
    let is_match = |kind: &str| {
        use LotEvent::{ConsentAsked, Matched, Rerouted};
        matches!(LotEvent::named(kind), Some(Matched | ConsentAsked | Rerouted))
    };
    let zone = engine.coalition().await?.settings.as_ref().map(|settings| settings.zone);
    let event = events.iter().rev().find(|event| is_match(&event.kind));
    Ok(event.map(|event| match zone {
        Some(zone) => event.at.with_timezone(&zone).date_naive(),
        None => event.at.date_naive(),
    }))
}

/// What all envelopes pay for now, without the lots of the round.
async fn spending(engine: &Engine, round: &[Lot]) -> Result<Spending, StoreError> {
    let in_round: BTreeSet<LotId> = round.iter().map(|lot| lot.id).collect();
    let mut spending = Spending::new();
    let mut after = None;
    loop {
        let filter = LotFilter { after, limit: READ, ..LotFilter::default() };
        let lots = engine.store.lots(&filter).await?;
        let others = lots.iter().filter(|lot| !in_round.contains(&lot.id));
        others.for_each(|lot| spend(&mut spending, lot));
        after = lots.last().map(|lot| lot.id);
        if (lots.len() as i64) < READ {
            return Ok(spending);
        }
    }
}
