//! `waybill backup`: copies the database and verifies the copy.

use waybill_shared::check::Violation;
use waybill_shared::store::sqlite::{SqliteReplacement, SqliteStore};
use waybill_shared::store::{Beside, StoreError};

use super::export::export;
use super::restore::{Proof, proof};
use crate::args;
use crate::exported::Out;
use crate::exported::{fill, needs};
use crate::failure::Failure;
use crate::new_file::NewFile;
use crate::output;
use crate::signals::Signals;
use crate::target::{StoreUrl, Target};

/// Copies, verifies, and prints what the copy contains.
pub(crate) async fn run(arguments: args::Backup) -> Result<(), Failure> {
    let target = Target::here(&arguments.data)?;
    target.is_there()?;
    let new = NewFile::at(&arguments.file)?;
    let form = match &target.store {
        StoreUrl::Sqlite(_) => "sqlite",
        StoreUrl::Postgres(_) => "export",
    };
    let trial = SqliteReplacement::at(new.path())?;
    let proven = Signals::unless(prove(&target.store, &new, &trial)).await;
    // The trial database is not needed any more.
    trial.discard().await?;
    let proof = proven?;
    let bytes = new.keep()?;
    let holds = proof.holds();
    let Proof { events, link, violations, sealed } = proof;
    if arguments.json {
        output::json(&serde_json::json!({
            "file": arguments.file, "format": form, "bytes": bytes, "events": events, "link": link,
            "ok": violations.is_empty(), "violations": violations,
            "sealed": sealed,
        }))?;
        return found(&violations);
    }
    output::talk("it contains secrets, and only you can read it");
    needs(&sealed);
    output::data(&format!(
        "{}: {}, {} events, {holds}\nlast link {link}\n",
        arguments.file.display(),
        output::size(bytes),
        output::grouped(events.unsigned_abs())
    ))?;
    found(&violations)
}

/// A copy that violates invariants is kept, because there may be no better one, but the command
/// fails.
fn found(violations: &[Violation]) -> Result<(), Failure> {
    if violations.is_empty() {
        return Ok(());
    }
    output::talk("the copy has the violations that the database has: see `waybill check`");
    Err(Failure::found())
}

/// Copies `store` to `new` and verifies the copy. If it has to be migrated first, that happens in
/// `trial`.
async fn prove(
    store: &StoreUrl,
    new: &NewFile,
    trial: &SqliteReplacement,
) -> Result<Proof, Failure> {
    match store {
        StoreUrl::Sqlite(path) => {
            let bar = output::progress("copying", 0);
            SqliteStore::copy(path, new.path()).await?;
            bar.finish_and_clear();
            match SqliteStore::look(new.path()).await {
                Ok(store) => return proof(&store).await,
                // Backups are often made just before a migration.
                Err(StoreError::Older { .. }) => trial.copy_of(new.path()).await?,
                Err(error) => return Err(error.into()),
            }
        }
        StoreUrl::Postgres(_) => {
            export(store, Out::file(new.create()?, true)).await?;
            trial.empty().await?;
            fill(trial, new.path()).await?;
        }
    }
    proof(&*trial.look().await?).await
}
