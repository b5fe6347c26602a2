//! Measures the disk's own limit: row updates in batches of 100, each batch a durable transaction.

use std::path::Path;
use std::time::{Duration, Instant};

use waybill_shared::store::sqlite::raw_updates;

use crate::failure::Failure;

/// The number of rows in the table.
const ROWS: i64 = 10_000;

/// How long to measure.
const STRETCH: Duration = Duration::from_secs(2);

/// Measures how many rows are updated a second.
pub(super) async fn updates_per_s(folder: &Path) -> Result<f64, Failure> {
    std::fs::create_dir_all(folder).map_err(Failure::ours)?;
    let began = Instant::now();
    let rows = raw_updates(&folder.join("raw.sqlite"), ROWS, 100, STRETCH).await?;
    Ok(rows as f64 / began.elapsed().as_secs_f64())
}
