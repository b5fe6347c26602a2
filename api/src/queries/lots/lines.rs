//! The listing of lines with what became of them, page by page.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::lot::{Lot, LotState, Priority};
use waybill_shared::domain::requisition::Line;
use waybill_shared::engine::Engine;
use waybill_shared::store::{LotFilter, LotOrder, StoreError, StoredLine};
use waybill_shared::views::{LinePage, LineView};
use waybill_shared::visibility::Visibility;

use crate::queries::cursor::{after, cursor, limit};
use crate::queries::error::QueryError;

/// The largest number of lines read for one page. The query may match only few of them.
const LOOKED_AT: usize = 20_000;

/// The number of lines or lots read at once.
const READ: i64 = 1000;

/// The number of lots read at once by priority. It is larger, because each such read may scan every row.
const READ_RANKED: i64 = 5000;

/// How lines are sorted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LineSort {
    /// By id.
    #[default]
    Id,
    /// By class and rank.
    Priority,
}

/// Which lines to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LinesQuery {
    /// Only lines of this requester.
    requester: Option<String>,
    /// Only lines of this priority class.
    class: Option<u8>,
    /// Only lines in this expert group's categories.
    group: Option<String>,
    /// Only lines of this item.
    item: Option<String>,
    /// Only late lines: not everything has arrived, and the day of need or a day of delivery has passed.
    late: Option<bool>,
    /// If true, only lines with something under way. If false, only lines with nothing under way.
    open: Option<bool>,
    /// How to sort.
    #[param(inline)]
    sort: Option<LineSort>,
    /// The `next` cursor of the previous page.
    cursor: Option<String>,
    /// The largest number of lines to return.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

impl LinesQuery {
    /// Whether the query matches the line's own content.
    fn asks_for(&self, line: &Line, visibility: &Visibility) -> bool {
        let of_group = |group: &String| {
            visibility.coalition.group_of(&line.classification).is_some_and(|own| own.id == *group)
        };
        self.requester.as_ref().is_none_or(|requester| line.requester == *requester)
            && self.class.is_none_or(|class| line.priority.class == class)
            && self.group.as_ref().is_none_or(of_group)
            && self.item.as_ref().is_none_or(|item| line.item == *item)
    }

    /// Whether the query matches what became of the line.
    fn takes(&self, line: &Line, lots: &[Lot], today: NaiveDate) -> bool {
        let is_open = |lot: &&Lot| !matches!(lot.state(), LotState::Closed(_));
        let is_past = |day: Option<NaiveDate>| day.is_some_and(|day| day < today);
        let mut open = lots.iter().filter(is_open).peekable();
        let is_under_way = open.peek().is_some();
        let is_late = is_under_way && (is_past(line.needed_by) || open.any(|lot| is_past(lot.due)));
        self.open.is_none_or(|asked| asked == is_under_way)
            && self.late.is_none_or(|asked| asked == is_late)
    }
}

/// A page of the lines that the caller may see.
pub(crate) async fn page(
    engine: &Engine,
    visibility: Visibility,
    query: &LinesQuery,
) -> Result<LinePage, QueryError> {
    let (limit, today) = (limit(query.limit)?, engine.today(&visibility.coalition));
    let list = List { engine, visibility, query, limit, today, items: Vec::new() };
    match query.sort.unwrap_or_default() {
        LineSort::Id => list.by_id().await,
        LineSort::Priority => list.by_priority().await,
    }
}

/// The lots of a line that the caller may see. `None` if neither the line nor any of its lots belongs to the caller.
pub(crate) async fn seen(
    engine: &Engine,
    visibility: &mut Visibility,
    id: LineId,
    line: &Line,
) -> Result<Option<Vec<Lot>>, StoreError> {
    if !visibility.line(line) && !visibility.looks_at_lots() {
        return Ok(None);
    }
    let lots = visibility.lots(engine.store.lots_of_line(id).await?).await?;
    let is_seen = visibility.line(line) || !lots.is_empty();
    Ok(is_seen.then(|| lots.into_iter().map(|(lot, _)| lot).collect()))
}

/// A page while it is filled.
struct List<'a> {
    engine: &'a Engine,
    visibility: Visibility,
    query: &'a LinesQuery,
    limit: usize,
    today: NaiveDate,
    items: Vec<LineView>,
}

impl List<'_> {
    /// Adds a line if it matches and the caller may see it. Returns false when the page is full.
    async fn add(&mut self, id: LineId, stored: &StoredLine) -> Result<bool, StoreError> {
        let StoredLine { version, line, .. } = stored;
        if !self.query.asks_for(line, &self.visibility) {
            return Ok(true);
        }
        let Some(lots) = seen(self.engine, &mut self.visibility, id, line).await? else {
            return Ok(true);
        };
        if !self.query.takes(line, &lots, self.today) {
            return Ok(true);
        }
        if self.items.len() == self.limit {
            return Ok(false);
        }
        let view = LineView::of(id, *version, line, Vec::new()).with(&lots);
        self.items.push(view.seen(&self.visibility));
        Ok(true)
    }

    async fn by_id(mut self) -> Result<LinePage, QueryError> {
        let hint = "use the `next` value of an earlier page";
        let bad = |_| QueryError::field("cursor", "it does not name a line", hint);
        let first = after("lines", self.query.cursor.as_deref())?;
        let first: LineId =
            first.map(|id| id.parse()).transpose().map_err(bad)?.unwrap_or(LineId(0));
        let end = self.engine.store.last_line().await?;
        let mut at = first.0;
        while at < end && at - first.0 < LOOKED_AT as i64 {
            let ids: Vec<LineId> = (at + 1..=end.min(at + READ)).map(LineId).collect();
            at = ids.last().map_or(end, |id| id.0);
            for (id, stored) in self.engine.store.lines(&ids).await? {
                if !self.add(id, &stored).await? {
                    let next = self.items.last().map(|line| cursor("lines", &line.id));
                    return Ok(LinePage { items: self.items, next });
                }
            }
        }
        let next = Some(cursor("lines", &LineId(at).to_string())).filter(|_| at < end);
        Ok(LinePage { items: self.items, next })
    }

    /// Finds lines through their lots, which are read by priority. A line's place is that of its first lot with the
    /// line's own priority.
    async fn by_priority(mut self) -> Result<LinePage, QueryError> {
        const KIND: &str = "ranked lines";
        let bad = || {
            QueryError::field(
                "cursor",
                "it is not a cursor of this listing",
                "start again without a cursor",
            )
        };
        let begin = after(KIND, self.query.cursor.as_deref())?;
        let mut last = begin.map(|key| place(&key).ok_or_else(bad)).transpose()?;
        let named = |last: Option<(Priority, LotId)>| {
            let (Priority { class, rank }, id) = last?;
            Some(cursor(KIND, &format!("{class}/{rank}/{id}")))
        };
        // A lot that kept its old rank when the line's rank changed is skipped. The first read is usually enough.
        let first = i64::try_from(self.limit).unwrap_or(READ_RANKED) * 5;
        let limit = first.clamp(200, READ_RANKED);
        let mut filter = LotFilter { limit, ..LotFilter::default() };
        let mut looked_at = 0;
        loop {
            let lots = self.engine.store.lots_ordered(&filter, LotOrder::Ranked(last)).await?;
            let is_last = (lots.len() as i64) < filter.limit;
            filter.limit = READ_RANKED;
            looked_at += lots.len();
            for some in lots.chunks(100) {
                let mut ids: Vec<LineId> = some.iter().map(Lot::line).collect();
                ids.sort_unstable();
                ids.dedup();
                let lines = self.engine.store.lines(&ids).await?;
                for lot in some {
                    let found = lines.iter().find(|(id, _)| *id == lot.line());
                    if let Some((id, stored)) = found
                        && self.query.asks_for(&stored.line, &self.visibility)
                        && self.stands_for(lot, &stored.line).await?
                        && !self.add(*id, stored).await?
                    {
                        return Ok(LinePage { items: self.items, next: named(last) });
                    }
                    last = Some((lot.priority, lot.id));
                }
            }
            if is_last || looked_at >= LOOKED_AT {
                let next = named(last).filter(|_| !is_last);
                return Ok(LinePage { items: self.items, next });
            }
        }
    }

    /// Whether `lot` is the one that determines its line's place.
    async fn stands_for(&self, lot: &Lot, line: &Line) -> Result<bool, StoreError> {
        if lot.id.part() == 0 && lot.priority == line.priority {
            return Ok(true);
        }
        let lots = self.engine.store.lots_of_line(lot.line()).await?;
        let own = lots.iter().find(|other| other.priority == line.priority);
        Ok(own.or(lots.first()).is_some_and(|first| first.id == lot.id))
    }
}

fn place(key: &str) -> Option<(Priority, LotId)> {
    let (class, rest) = key.split_once('/')?;
    let (rank, id) = rest.split_once('/')?;
    let priority = Priority { class: class.parse().ok()?, rank: rank.parse().ok()? };
    Some((priority, id.parse().ok()?))
}
