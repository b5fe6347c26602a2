//! One statement for many rows: the `VALUES` row of a `.sql` file, repeated.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, SqliteConnection};

/// Widths of the statements kept prepared; a list is cut into the widest that fit.
const WIDTHS: [usize; 4] = [128, 32, 8, 1];

/// The statement in `template` with its one row of placeholders repeated.
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

/// The widened statement, made once for each template and width.
fn statement(template: &'static str, rows: usize) -> Arc<str> {
    static MADE: LazyLock<Mutex<Made>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    // A template is a constant: its address tells it from the others.
    let key = (template.as_ptr() as usize, rows);
    made.entry(key).or_insert_with(|| widened(template, rows).into()).clone()
}

/// Runs `template` for all `rows`, `bind` adding each row's values in order.
pub(super) async fn execute<T>(
    connection: &mut SqliteConnection,
    template: &'static str,
    rows: &[T],
    bind: impl Fn(&T, &mut SqliteArguments) -> Result<(), sqlx::error::BoxDynError>,
) -> Result<(), sqlx::Error> {
    let mut rest = rows;
    for width in WIDTHS {
        while rest.len() >= width {
            let (chunk, after) = rest.split_at(width);
            let mut arguments = SqliteArguments::default();
            for row in chunk {
                bind(row, &mut arguments).map_err(sqlx::Error::Encode)?;
            }
            let sql = statement(template, width);
            sqlx::query_with(AssertSqlSafe(sql), arguments).execute(&mut *connection).await?;
            rest = after;
        }
    }
    Ok(())
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
