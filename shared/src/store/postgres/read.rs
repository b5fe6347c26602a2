//! Reads, each a query of its own.

use async_trait::async_trait;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::PostgresStore;
use crate::domain::ids::{LineId, LotId};
use crate::domain::kinds::{NoteKind, RecordKind};
use crate::domain::lot::Lot;
use crate::store::stored::{end_of, first_parts, parse, place, time};
use crate::store::{
    EnvelopeRow, LotCount, LotFilter, LotIndex, LotOrder, NoteRange, OldDocument, Reads, Record,
    StoreError, StoredLine, tally,
};

pub(super) fn envelope(row: &PgRow) -> EnvelopeRow {
    EnvelopeRow {
        id: row.get(0),
        currency: row.get(1),
        committed: row.get(2),
        opened: row.get(3),
        allocated: row.get(4),
        obligated: row.get(5),
        disbursed: row.get(6),
        expired: row.get(7),
        overrun: row.get(8),
        version: row.get(9),
    }
}

fn record(row: &PgRow) -> Record {
    Record { id: row.get(0), version: row.get(1), body: row.get(2) }
}

/// Parses the lot in a row that begins with its number and its body.
pub(super) fn lot(row: &PgRow) -> Result<Lot, StoreError> {
    parse(row.get(1), || format!("lot {}", row.get::<i64, _>(0)))
}

fn stored_line(row: &PgRow) -> Result<(LineId, StoredLine), StoreError> {
    let id = LineId(row.get(0));
    Ok((id, StoredLine::parse(id, row.get(1), row.get(2))?))
}

const READ: &str = "read";

impl PostgresStore {
    async fn list(&self, filter: &LotFilter) -> Result<Vec<PgRow>, StoreError> {
        let (after, class) = (filter.after.map_or(-1, |id| id.0), filter.class.map(i64::from));
        let query = match filter.waiting() {
            Some(awaits) => {
                sqlx::query(include_str!("sql/lots_waiting.sql")).bind(after).bind(awaits)
            }
            None if filter.is_parked() => {
                sqlx::query(include_str!("sql/lots_parked.sql")).bind(after).bind(&filter.step)
            }
            None => sqlx::query(include_str!("sql/lots_list.sql"))
                .bind(after)
                .bind(&filter.state)
                .bind(&filter.step)
                .bind(&filter.awaits),
        };
        self.rows(READ, query.bind(class).bind(filter.limit)).await
    }

    pub(super) async fn number(&self, sql: &'static str) -> Result<i64, StoreError> {
        Ok(self.rows(READ, sqlx::query(sql)).await?.first().map_or(0, |row| row.get(0)))
    }
}

#[async_trait]
impl Reads for PostgresStore {
    async fn lots(&self, filter: &LotFilter) -> Result<Vec<Lot>, StoreError> {
        self.list(filter).await?.iter().map(lot).collect()
    }

    async fn lots_ordered(
        &self,
        filter: &LotFilter,
        order: LotOrder,
    ) -> Result<Vec<Lot>, StoreError> {
        let query = match (order, filter.waiting()) {
            (LotOrder::Newest(before), _) => sqlx::query(include_str!("sql/lots_newest.sql"))
                .bind(before.map_or(i64::MAX, |id| id.0))
                .bind(&filter.state)
                .bind(&filter.step)
                .bind(&filter.awaits),
            (LotOrder::Ranked(after), Some(awaits)) => {
                let (class, rank, id) = place(after);
                sqlx::query(include_str!("sql/lots_ranked_waiting.sql"))
                    .bind(awaits)
                    .bind(class)
                    .bind(rank)
                    .bind(id)
            }
            (LotOrder::Ranked(after), None) => {
                let (class, rank, id) = place(after);
                sqlx::query(include_str!("sql/lots_ranked.sql"))
                    .bind(class)
                    .bind(rank)
                    .bind(id)
                    .bind(&filter.state)
                    .bind(&filter.step)
                    .bind(&filter.awaits)
            }
        };
        let query = query.bind(filter.class.map(i64::from)).bind(filter.limit);
        self.rows(READ, query).await?.iter().map(lot).collect()
    }

    async fn filed_lots(&self, filter: &LotFilter) -> Result<Vec<(Lot, LotIndex)>, StoreError> {
        let filed = |row: &PgRow| LotIndex {
            version: row.get(2),
            state: row.get(3),
            step: row.get(4),
            awaits: row.get(5),
            class: row.get(6),
            rank: row.get(7),
        };
        self.list(filter).await?.iter().map(|row| Ok((lot(row)?, filed(row)))).collect()
    }

    async fn lots_by_id(&self, ids: &[i64]) -> Result<Vec<Lot>, StoreError> {
        let query = sqlx::query(include_str!("sql/lots_by_id.sql")).bind(ids);
        self.rows(READ, query).await?.iter().map(lot).collect()
    }

    async fn lots_of_lines(&self, lines: &[LineId]) -> Result<Vec<Lot>, StoreError> {
        let query = sqlx::query(include_str!("sql/lots_of_lines.sql"))
            .bind(first_parts(lines))
            .bind(LotId::MAX_PARTS);
        self.rows(READ, query).await?.iter().map(lot).collect()
    }

    async fn lots_awaiting(&self, awaits: &str) -> Result<Vec<Lot>, StoreError> {
        let query = sqlx::query(include_str!("sql/lots_awaiting.sql")).bind(awaits);
        self.rows(READ, query).await?.iter().map(lot).collect()
    }

    async fn lot_counts(&self) -> Result<Vec<LotCount>, StoreError> {
        let rows = self.rows(READ, sqlx::query(include_str!("sql/lot_counts.sql"))).await?;
        let count = |row: &PgRow| LotCount {
            state: row.get(0),
            step: row.get(1),
            awaits: row.get(2),
            lots: row.get(3),
            oldest: tally::moment(row.get(4)),
        };
        Ok(rows.iter().map(count).collect())
    }

    async fn lines(&self, ids: &[LineId]) -> Result<Vec<(LineId, StoredLine)>, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let query = sqlx::query(include_str!("sql/lines.sql")).bind(ids);
        self.rows(READ, query).await?.iter().map(stored_line).collect()
    }

    async fn line_versions(&self, ids: &[LineId]) -> Result<Vec<(LineId, i64)>, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let query = sqlx::query(include_str!("sql/line_versions.sql")).bind(ids);
        let rows = self.rows(READ, query).await?;
        Ok(rows.iter().map(|row| (LineId(row.get(0)), row.get(1))).collect())
    }

    async fn lines_by_external(
        &self,
        ids: &[&str],
    ) -> Result<Vec<(LineId, StoredLine)>, StoreError> {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let query = sqlx::query(include_str!("sql/lines_by_external.sql")).bind(ids);
        self.rows(READ, query).await?.iter().map(stored_line).collect()
    }

    async fn lines_alike(
        &self,
        likenesses: Vec<String>,
    ) -> Result<Vec<(LineId, String)>, StoreError> {
        let query = sqlx::query(include_str!("sql/lines_alike.sql")).bind(likenesses);
        let rows = self.rows(READ, query).await?;
        Ok(rows.iter().map(|row| (LineId(row.get(0)), row.get(1))).collect())
    }

    async fn lines_of_others(&self) -> Result<Vec<LineId>, StoreError> {
        let rows = self.rows(READ, sqlx::query(include_str!("sql/lines_of_others.sql"))).await?;
        Ok(rows.iter().map(|row| LineId(row.get(0))).collect())
    }

    async fn all_lines(&self) -> Result<Vec<(LineId, StoredLine)>, StoreError> {
        let query = sqlx::query(include_str!("sql/all_lines.sql"));
        self.rows(READ, query).await?.iter().map(stored_line).collect()
    }

    async fn last_line(&self) -> Result<i64, StoreError> {
        self.number(include_str!("sql/last_line.sql")).await
    }

    async fn records(&self, kind: RecordKind) -> Result<Vec<Record>, StoreError> {
        let query = sqlx::query(include_str!("sql/records.sql")).bind(kind.name());
        Ok(self.rows(READ, query).await?.iter().map(record).collect())
    }

    async fn records_of(&self, kind: RecordKind, prefix: &str) -> Result<Vec<Record>, StoreError> {
        let query = sqlx::query(include_str!("sql/records_of.sql"))
            .bind(kind.name())
            .bind(prefix)
            .bind(end_of(prefix));
        Ok(self.rows(READ, query).await?.iter().map(record).collect())
    }

    async fn records_after(
        &self,
        kind: &str,
        id: &str,
        limit: i64,
    ) -> Result<Vec<(String, Record)>, StoreError> {
        let query =
            sqlx::query(include_str!("sql/records_after.sql")).bind(kind).bind(id).bind(limit);
        let rows = self.rows(READ, query).await?;
        Ok(rows.iter().map(|row| (row.get(3), record(row))).collect())
    }

    async fn record(&self, kind: RecordKind, id: &str) -> Result<Option<Record>, StoreError> {
        let query = sqlx::query(include_str!("sql/record.sql")).bind(kind.name()).bind(id);
        Ok(self.rows(READ, query).await?.first().map(record))
    }

    async fn old_documents(
        &self,
        (sender, number): (&str, &str),
        limit: i64,
    ) -> Result<Vec<OldDocument>, StoreError> {
        let query = sqlx::query(include_str!("sql/old_documents.sql"));
        let rows = self.rows(READ, query.bind(sender).bind(number).bind(limit)).await?;
        let old = |row: &PgRow| OldDocument {
            sender: row.get(0),
            number: row.get(1),
            at: time(row.get(2)),
            body: row.get(3),
        };
        Ok(rows.iter().map(old).collect())
    }

    async fn note(&self, kind: NoteKind, key: &str) -> Result<Option<String>, StoreError> {
        let query = sqlx::query(include_str!("sql/note.sql")).bind(kind.name()).bind(key);
        Ok(self.rows(READ, query).await?.first().map(|row| row.get(0)))
    }

    async fn notes(
        &self,
        kind: NoteKind,
        range: &NoteRange,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let sql = if range.backwards {
            include_str!("sql/notes_before.sql")
        } else {
            include_str!("sql/notes_after.sql")
        };
        let query = sqlx::query(sql)
            .bind(kind.name())
            .bind(&range.after)
            .bind(&range.before)
            .bind(range.limit);
        let rows = self.rows(READ, query).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    async fn envelopes(&self) -> Result<Vec<EnvelopeRow>, StoreError> {
        let rows = self.rows(READ, sqlx::query(include_str!("sql/envelopes.sql"))).await?;
        Ok(rows.iter().map(envelope).collect())
    }

    async fn generation(&self) -> Result<i64, StoreError> {
        self.number(include_str!("sql/generation.sql")).await
    }
}
