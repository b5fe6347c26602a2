//! The listing of lots, in different orders, page by page.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::lot::{Lot, LotState, Priority, Timestamp};
use waybill_shared::domain::requisition::Line;
use waybill_shared::engine::Engine;
use waybill_shared::store::{LotFilter, LotOrder, StoreError};
use waybill_shared::views::{LotPage, LotView};
use waybill_shared::visibility::Visibility;

use crate::queries::cursor::{after, cursor, limit};
use crate::queries::error::QueryError;

/// The number of lots read at once.
const READ: i64 = 1000;

/// The largest number of lots read for one page. The query may match only few of them.
const LOOKED_AT: usize = 20_000;

/// The largest number of lots that are sorted in memory, in an order that the store has no index for.
const SORTED: usize = 50_000;

/// How lots are sorted. A minus sign reverses the order.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
pub(crate) enum LotSort {
    /// By id.
    #[default]
    #[serde(rename = "id")]
    Id,
    /// By id, newest first.
    #[serde(rename = "-id")]
    Newest,
    /// By class and rank.
    #[serde(rename = "priority")]
    Priority,
    /// By class and rank, least urgent first.
    #[serde(rename = "-priority")]
    LeastUrgent,
    /// By the time in the current state, longest first.
    #[serde(rename = "age")]
    Age,
    /// By the time in the current state, shortest first.
    #[serde(rename = "-age")]
    Latest,
    /// By the day that delivery is due, or that the wait ends, or that the lot is needed.
    #[serde(rename = "due")]
    Due,
    /// By the same day, latest first.
    #[serde(rename = "-due")]
    DueLast,
}

/// Which lots to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LotsQuery {
    /// Only lots in this state, such as `waiting`.
    state: Option<String>,
    /// Only lots at this step, such as `match_donor`.
    step: Option<String>,
    /// Only lots that wait for this, such as `funding`.
    awaits: Option<String>,
    /// Only lots of this priority class.
    class: Option<u8>,
    /// Only lots of this requester.
    requester: Option<String>,
    /// Only lots that this donor pays for.
    donor: Option<String>,
    /// Only lots in this expert group's categories, or waiting for its review.
    group: Option<String>,
    /// Only lots of this item.
    item: Option<String>,
    /// Only lots that have been in their state since before this moment.
    #[param(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    since_before: Option<Timestamp>,
    /// Only lots that are late: past the day of delivery, the end of a wait, or the day of need.
    late: Option<bool>,
    /// How to sort. By id, newest or priority, any number of lots can be listed. In any other order, `state`, `step`,
    /// `awaits` and `class` must narrow the list to at most 50,000 lots.
    #[param(inline)]
    sort: Option<LotSort>,
    /// Only lots after this id, when sorted by id. Ignored if `cursor` is given.
    after: Option<String>,
    /// The `next` cursor of the previous page.
    cursor: Option<String>,
    /// The largest number of lots to return.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

/// The moment and the day of the query.
struct Today {
    now: Timestamp,
    day: NaiveDate,
}

fn is_late(lot: &Lot, line: &Line, today: &Today) -> bool {
    let until = match lot.state() {
        LotState::Waiting { until, .. } => *until,
        LotState::Ready { .. } | LotState::RetryAt { .. } | LotState::Parked { .. } => None,
        LotState::Closed(_) => return false,
    };
    let is_past = |day: Option<NaiveDate>| day.is_some_and(|day| day < today.day);
    until.is_some_and(|until| until < today.now) || is_past(lot.due) || is_past(line.needed_by)
}

impl LotsQuery {
    fn filter(&self, limit: i64) -> LotFilter {
        LotFilter {
            state: self.state.clone(),
            step: self.step.clone(),
            awaits: self.awaits.clone(),
            class: self.class,
            after: None,
            limit,
        }
    }

    fn takes(
        &self,
        lot: &Lot,
        line: &Line,
        view: &LotView,
        visibility: &Visibility,
        today: &Today,
    ) -> bool {
        let donors = || view.funding.iter().flat_map(|share| &share.donors);
        let of_group = |group: &String| {
            let own = visibility.coalition.group_of(&line.classification);
            own.is_some_and(|own| own.id == *group)
                || (view.awaits.as_deref() == Some("review") && view.awaits_of.contains(group))
        };
        let is_old = |before: Timestamp| lot.since.is_some_and(|since| since < before);
        self.requester.as_ref().is_none_or(|requester| line.requester == *requester)
            && self.donor.as_ref().is_none_or(|donor| donors().any(|found| found == donor))
            && self.group.as_ref().is_none_or(of_group)
            && self.item.as_ref().is_none_or(|item| line.item == *item)
            && self.since_before.is_none_or(is_old)
            && self.late.is_none_or(|late| is_late(lot, line, today) == late)
    }
}

/// The value by which a lot is sorted if the store has no index for the order. Lots without such a day come last.
fn key(sort: LotSort, lot: &Lot, line: &Line) -> i64 {
    let due = || {
        let until = match lot.state() {
            LotState::Waiting { until, .. } => until.map(|until| until.date_naive()),
            _ => None,
        };
        let day = lot.due.or(until).or(line.needed_by);
        day.map(|day| i64::from(chrono::Datelike::num_days_from_ce(&day)))
    };
    let since = || lot.since.map(|since| since.timestamp());
    let rank = i64::from(lot.priority.class) << 32 | i64::from(lot.priority.rank);
    let key = match sort {
        LotSort::Age => since(),
        LotSort::Latest => since().map(|since| -since),
        LotSort::Due => due(),
        LotSort::DueLast => due().map(|due| -due),
        LotSort::LeastUrgent => Some(-rank),
        LotSort::Id | LotSort::Newest | LotSort::Priority => None,
    };
    key.unwrap_or(i64::MAX)
}

/// A page of the lots that the caller may see.
pub(crate) async fn page(
    engine: &Engine,
    mut visibility: Visibility,
    query: &LotsQuery,
) -> Result<LotPage, QueryError> {
    let limit = limit(query.limit)?;
    let today = Today { now: engine.clock.now(), day: engine.today(&visibility.coalition) };
    match query.sort.unwrap_or_default() {
        LotSort::Id | LotSort::Newest | LotSort::Priority => {
            walked(engine, &mut visibility, query, limit, &today).await
        }
        sort => sorted(engine, &mut visibility, query, limit, sort, &today).await,
    }
}

/// The place where a listing continues, in an order that the store has an index for.
#[derive(Clone, Copy)]
enum Walk {
    Id(Option<LotId>),
    Newest(Option<LotId>),
    Ranked(Option<(Priority, LotId)>),
}

impl Walk {
    fn kind(self) -> &'static str {
        match self {
            Self::Id(_) => "lots",
            Self::Newest(_) => "newest lots",
            Self::Ranked(_) => "ranked lots",
        }
    }

    /// The place where `query` begins.
    fn of(query: &LotsQuery) -> Result<Self, QueryError> {
        let walk = match query.sort.unwrap_or_default() {
            LotSort::Newest => Self::Newest(None),
            LotSort::Priority => Self::Ranked(None),
            _ => Self::Id(None),
        };
        let bad = |field: &'static str| {
            move |error: String| {
                QueryError::field(field, error, "use the `next` value of an earlier page")
            }
        };
        if let (Some(after), Self::Id(_), None) = (&query.after, walk, &query.cursor) {
            let id = after.parse::<LotId>().map_err(|error| error.to_string());
            return Ok(Self::Id(Some(id.map_err(bad("after"))?)));
        }
        let Some(key) = after(walk.kind(), query.cursor.as_deref())? else { return Ok(walk) };
        let id = |text: &str| text.parse::<LotId>().map_err(|error| error.to_string());
        let next = match walk {
            Self::Id(_) => id(&key).map(|id| Self::Id(Some(id))),
            Self::Newest(_) => id(&key).map(|id| Self::Newest(Some(id))),
            Self::Ranked(_) => ranked(&key).map(|place| Self::Ranked(Some(place))),
        };
        next.map_err(bad("cursor"))
    }

    /// The place after a lot.
    fn after(self, id: LotId, priority: Priority) -> Self {
        match self {
            Self::Id(_) => Self::Id(Some(id)),
            Self::Newest(_) => Self::Newest(Some(id)),
            Self::Ranked(_) => Self::Ranked(Some((priority, id))),
        }
    }

    fn cursor(self) -> Option<String> {
        let key = match self {
            Self::Id(id) | Self::Newest(id) => id?.to_string(),
            Self::Ranked(place) => {
                let (Priority { class, rank }, id) = place?;
                format!("{class}/{rank}/{id}")
            }
        };
        Some(cursor(self.kind(), &key))
    }

    async fn read(self, engine: &Engine, filter: LotFilter) -> Result<Vec<Lot>, StoreError> {
        match self {
            Self::Id(after) => engine.store.lots(&LotFilter { after, ..filter }).await,
            Self::Newest(before) => {
                engine.store.lots_ordered(&filter, LotOrder::Newest(before)).await
            }
            Self::Ranked(after) => {
                engine.store.lots_ordered(&filter, LotOrder::Ranked(after)).await
            }
        }
    }
}

fn ranked(key: &str) -> Result<(Priority, LotId), String> {
    let read = || {
        let (class, rest) = key.split_once('/')?;
        let (rank, id) = rest.split_once('/')?;
        let priority = Priority { class: class.parse().ok()?, rank: rank.parse().ok()? };
        Some((priority, id.parse().ok()?))
    };
    read().ok_or_else(|| "it is not a cursor of this listing".to_owned())
}

async fn walked(
    engine: &Engine,
    visibility: &mut Visibility,
    query: &LotsQuery,
    limit: usize,
    today: &Today,
) -> Result<LotPage, QueryError> {
    let mut walk = Walk::of(query)?;
    let (mut items, mut looked_at): (Vec<LotView>, usize) = (Vec::new(), 0);
    let filter = query.filter(READ.min((limit + 1).try_into().unwrap_or(READ)).max(100));
    loop {
        let lots = walk.read(engine, filter.clone()).await?;
        let is_last = (lots.len() as i64) < filter.limit;
        looked_at += lots.len();
        let end = lots.last().map(|lot| walk.after(lot.id, lot.priority));
        for (lot, line) in visibility.lots(lots).await? {
            let view = LotView::seen(&lot, &line, visibility);
            if !query.takes(&lot, &line, &view, visibility, today) {
                continue;
            }
            if items.len() == limit {
                let last = items.last().map(|view| walk.after(view.id, view.priority));
                return Ok(LotPage { next: last.and_then(Walk::cursor), items });
            }
            items.push(view);
        }
        walk = end.unwrap_or(walk);
        if is_last || looked_at >= LOOKED_AT {
            return Ok(LotPage { items, next: walk.cursor().filter(|_| !is_last) });
        }
    }
}

/// A page in an order that the store has no index for, so all lots are read and sorted.
async fn sorted(
    engine: &Engine,
    visibility: &mut Visibility,
    query: &LotsQuery,
    limit: usize,
    sort: LotSort,
    today: &Today,
) -> Result<LotPage, QueryError> {
    let kind = format!("lots by {sort:?}");
    let bad = || {
        QueryError::field(
            "cursor",
            "it is not a cursor of this listing",
            "start again without a cursor",
        )
    };
    let place = |key: String| {
        let (at, id) = key.split_once('/')?;
        Some((at.parse::<i64>().ok()?, id.parse::<LotId>().ok()?))
    };
    let begin = after(&kind, query.cursor.as_deref())?;
    let begin = begin.map(|key| place(key).ok_or_else(bad)).transpose()?;
    let mut found: Vec<((i64, LotId), LotView)> = Vec::new();
    let (mut walk, mut looked_at) = (Walk::Id(None), 0);
    loop {
        let lots = walk.read(engine, query.filter(READ * 10)).await?;
        let is_last = (lots.len() as i64) < READ * 10;
        looked_at += lots.len();
        if looked_at > SORTED {
            let detail = format!("there are more than {SORTED} lots to sort");
            let hint = "filter them by state, step, awaits or class, or sort by id or priority";
            return Err(QueryError::field("sort", detail, hint));
        }
        walk = lots.last().map_or(walk, |lot| walk.after(lot.id, lot.priority));
        for (lot, line) in visibility.lots(lots).await? {
            let place = (key(sort, &lot, &line), lot.id);
            let view = LotView::seen(&lot, &line, visibility);
            let is_later = begin.is_none_or(|begin| place > begin);
            if is_later && query.takes(&lot, &line, &view, visibility, today) {
                found.push((place, view));
            }
        }
        if is_last {
            break;
        }
    }
    found.sort_unstable_by_key(|(place, _)| *place);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| has_more);
    let next = last.map(|((at, id), _)| cursor(&kind, &format!("{at}/{id}")));
    Ok(LotPage { items: found.into_iter().map(|(_, view)| view).collect(), next })
}
