//! Statements of the writer: many rows in one statement, and many small statements in one trip to the driver's thread.
//! Placeholders are plain `?`, so that numbering continues from one statement to the next.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, SqliteConnection};

/// The numbers of rows for which statements are kept prepared. A list is cut into the largest that fit.
const WIDTHS: [usize; 4] = [128, 32, 8, 1];

/// The maximum number of small statements that are sent together.
const TOGETHER: usize = 16;

/// The statement in `template`, with its single row of placeholders repeated.
fn widened(template: &str, rows: usize) -> String {
    let start = template.find("VALUES (").map_or(0, |at| at + "VALUES ".len());
    let end = start + template[start..].find(')').map_or(0, |at| at + 1);
    let row = &template[start..end];
    let mut sql = String::with_capacity(template.len() + rows * (row.len() + 2));
    sql.push_str(&template[..start]);
    for i in 0..rows {
        if i > 0 {
            sql.push_str(", ");
        }
        sql.push_str(row);
    }
    sql.push_str(&template[end..]);
    sql
}

/// Statements by the address of their template and the number of rows.
type Made = HashMap<(usize, usize), Arc<str>>;

/// The widened statement, cached by template and width.
fn statement(template: &'static str, rows: usize) -> Arc<str> {
    static MADE: LazyLock<Mutex<Made>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    // A template is a constant, so its address identifies it.
    let key = (template.as_ptr() as usize, rows);
    made.entry(key).or_insert_with(|| widened(template, rows).into()).clone()
}

/// Statements that run in order. Small ones are held back until they have to be sent.
pub(super) struct Script<'c> {
    connection: &'c mut SqliteConnection,
    sql: String,
    arguments: SqliteArguments,
    statements: usize,
}

impl<'c> Script<'c> {
    pub(super) fn new(connection: &'c mut SqliteConnection) -> Self {
        let arguments = SqliteArguments::default();
        Self { connection, sql: String::new(), arguments, statements: 0 }
    }

    /// The connection, for reads. It has not run the statements that are held back.
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        self.connection
    }

    /// Adds one statement. `bind` adds its values in order.
    pub(super) async fn then(
        &mut self,
        sql: &str,
        bind: impl FnOnce(&mut SqliteArguments) -> Result<(), BoxDynError>,
    ) -> Result<(), sqlx::Error> {
        if self.statements == TOGETHER {
            self.run().await?;
        }
        if self.statements > 0 {
            self.sql.push_str(";\n");
        }
        self.sql.push_str(sql.trim_end());
        self.statements += 1;
        bind(&mut self.arguments).map_err(sqlx::Error::Encode)
    }

    /// Adds one statement without values.
    pub(super) async fn word(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        self.then(sql, |_| Ok(())).await
    }

    /// Adds `template` for all `rows`. `bind` adds the values of each row in order.
    pub(super) async fn rows<T>(
        &mut self,
        template: &'static str,
        rows: &[T],
        bind: impl Fn(&T, &mut SqliteArguments) -> Result<(), BoxDynError>,
    ) -> Result<(), sqlx::Error> {
        let mut rest = rows;
        for width in WIDTHS {
            while rest.len() >= width {
                let (chunk, after) = rest.split_at(width);
                rest = after;
                if let [row] = chunk {
                    self.then(template, |arguments| bind(row, arguments)).await?;
                    continue;
                }
                self.run().await?;
                let mut arguments = SqliteArguments::default();
                for row in chunk {
                    bind(row, &mut arguments).map_err(sqlx::Error::Encode)?;
                }
                let sql = AssertSqlSafe(statement(template, width));
                sqlx::query_with(sql, arguments).execute(&mut *self.connection).await?;
            }
        }
        Ok(())
    }

    /// Runs the statements that are held back.
    pub(super) async fn run(&mut self) -> Result<(), sqlx::Error> {
        if self.statements == 0 {
            return Ok(());
        }
        let sql = std::mem::take(&mut self.sql);
        let arguments = std::mem::take(&mut self.arguments);
        self.statements = 0;
        let query = sqlx::query_with(AssertSqlSafe(sql), arguments);
        query.execute(&mut *self.connection).await.map(drop)
    }

    /// Forgets the statements that are held back, and runs the rollback `sql`.
    pub(super) async fn undo(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        self.sql.clear();
        self.arguments = SqliteArguments::default();
        self.statements = 0;
        sqlx::query(sql).execute(&mut *self.connection).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::widened;

    #[test]
    fn only_the_row_of_values_is_repeated() {
        let template = "INSERT INTO t (a, b)\nVALUES (?, ?)\nON CONFLICT (a) DO NOTHING";
        assert_eq!(
            widened(template, 2),
            "INSERT INTO t (a, b)\nVALUES (?, ?), (?, ?)\nON CONFLICT (a) DO NOTHING"
        );
    }
}
