//! `waybill export`: writes the whole database as JSON lines.

use std::collections::BTreeMap;
use std::io::{self};
use std::path::Path;

use tokio::sync::mpsc;
use waybill_shared::dump::{self, AHEAD, Written};
use waybill_shared::sealed::Inventory;

use crate::args;
use crate::exported::needs;
use crate::exported::{Out, is_compressed};
use crate::failure::Failure;
use crate::new_file::NewFile;
use crate::output;
use crate::service::settle;
use crate::signals::Signals;
use crate::target::{StoreUrl, Target};

/// Writes to a new file, or to standard output.
pub(crate) async fn run(arguments: args::Export) -> Result<(), Failure> {
    let target = Target::here(&arguments.data)?;
    target.is_there()?;
    if arguments.file == Path::new("-") {
        let out = Out::Stream(Box::new(output::sink()));
        let (written, sealed) = Signals::unless(with_keys(&target.store, out)).await?;
        let Written { counts, link, .. } = written;
        needs(&sealed);
        output::talk(&format!(
            "{} events, last link {link}",
            output::grouped(counts.events.unsigned_abs())
        ));
        return Ok(());
    }
    let new = NewFile::at(&arguments.file)?;
    let out = Out::file(new.create()?, is_compressed(&arguments.file));
    let (written, sealed) = Signals::unless(with_keys(&target.store, out)).await?;
    let bytes = new.keep()?;
    let Written { counts, link, .. } = written;
    if arguments.json {
        return output::json(&serde_json::json!({
            "file": arguments.file, "bytes": bytes, "counts": counts, "link": link,
            "sealed": sealed,
        }));
    }
    let (events, lots) = (
        output::grouped(counts.events.unsigned_abs()),
        output::grouped(counts.lots.unsigned_abs()),
    );
    output::talk("it contains secrets, and only you can read it");
    needs(&sealed);
    output::data(&format!(
        "{}: {}, {events} events, {lots} lots\nlast link {link}\n",
        arguments.file.display(),
        output::size(bytes)
    ))
}

/// Writes the content of `store` at one moment to `out`.
pub(crate) async fn export(store: &StoreUrl, out: Out) -> Result<Written, Failure> {
    Ok(with_keys(store, out).await?.0)
}

/// Does the same, and also returns the number of sealed values by key id.
async fn with_keys(
    store: &StoreUrl,
    mut out: Out,
) -> Result<(Written, BTreeMap<String, usize>), Failure> {
    let opened = store.look().await?;
    settle(&*opened).await?;
    let snapshot = opened.snapshot().await?;
    let sealed = Inventory::of(&*snapshot).await?.sealed;
    let header = dump::header(&*snapshot, store.kind()).await?;
    let bar = output::progress("exporting", header.counts.rows());
    let (to, rows) = mpsc::channel(AHEAD);
    let writing = {
        let bar = bar.clone();
        tokio::task::spawn_blocking(move || {
            let written = dump::write(&mut out, &header, rows, |rows| bar.inc(rows as u64))?;
            out.end()?;
            Ok(written)
        })
    };
    let poured = dump::fill(&*snapshot, &to).await;
    drop(to);
    let written: io::Result<Written> = writing.await.map_err(Failure::ours)?;
    bar.finish_and_clear();
    drop(snapshot);
    opened.close().await;
    poured?;
    let written = written.map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::Other => "the log has fewer events than it counts: run `waybill check`",
            _ => "check the disk",
        };
        Failure::caller(format!("cannot write the export: {error}"), hint)
    })?;
    Ok((written, sealed))
}
