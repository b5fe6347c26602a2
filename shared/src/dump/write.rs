//! Writes a whole database as a file.

use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::{Batch, Counts, Header, Row};
use crate::store::chain::hex;
use crate::store::row::{End, Head, Sum};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// The number of rows of each kind.
    pub counts: Counts,
    /// The last position.
    pub position: i64,
    /// The hash of the last link.
    pub link: String,
}

/// Writes `header` and all rows until the sender is dropped. Reports the size of each batch to `passed`. It blocks, so
/// it needs a thread of its own.
///
/// # Errors
/// If `out` cannot be written, or the number of rows differs from the header.
pub fn write(
    mut out: impl Write,
    header: &Header,
    mut rows: mpsc::Receiver<Batch>,
    mut passed: impl FnMut(usize),
) -> io::Result<Written> {
    let mut text = Vec::with_capacity(1 << 20);
    line(&mut text, &Head { waybill_export: header })?;
    out.write_all(&text)?;
    let (mut hash, mut written) = (Sha256::new(), Written::default());
    while let Some(batch) = rows.blocking_recv() {
        text.clear();
        for row in &batch {
            written.counts.count(row);
            match row {
                Row::Event(event) => written.position = event.position,
                Row::Link(link) => written.link.clone_from(&link.hash),
                _ => {}
            }
            line(&mut text, row)?;
        }
        hash.update(&text);
        out.write_all(&text)?;
        passed(batch.len());
    }
    if written.counts != header.counts {
        return Err(io::Error::other("the rows ended before all of them were read"));
    }
    text.clear();
    let sum = Sum { rows: written.counts.rows(), sha256: hex(hash) };
    line(&mut text, &End { end: sum })?;
    out.write_all(&text)?;
    out.flush()?;
    Ok(written)
}

fn line(text: &mut Vec<u8>, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *text, value)?;
    text.push(b'\n');
    Ok(())
}
