//! Where a reader of the feed continues after archives and restores.

use waybill_shared::archive::{Archive, PUT_BACK, archives};
use waybill_shared::domain::kinds::NoteKind;
use waybill_shared::dump::restores;
use waybill_shared::engine::Engine;
use waybill_shared::store::StoreError;

use crate::queries::error::QueryError;

/// The archive after which the feed begins. `None` if nothing is archived, or if everything has been put back.
pub(crate) async fn archived(engine: &Engine) -> Result<Option<Archive>, StoreError> {
    let archives = archives(&*engine.store).await?;
    if archives.is_empty() || engine.store.note(NoteKind::PutBack, PUT_BACK).await?.is_some() {
        return Ok(None);
    }
    Ok(archives.into_iter().max_by_key(|archive| archive.upto))
}

/// Where a reader that has read up to `after` continues.
///
/// Events that somebody has read from a log that has been replaced since are void. Such a reader gets an error that
/// names the position to start again from.
pub(crate) async fn from(engine: &Engine, after: i64) -> Result<i64, QueryError> {
    let restores = restores(&*engine.store).await?;
    if let Some(restore) = restores.iter().rfind(|restore| restore.voids(after)) {
        let detail = format!(
            "events {} to {} are void: the log was restored on {} from an earlier copy",
            restore.upto + 1,
            restore.given_out,
            restore.at.format("%Y-%m-%d %H:%M UTC"),
        );
        let hint = format!("discard them, and start again with after={}", restore.upto);
        return Err(QueryError::Gone { detail, hint });
    }
    if let Some(archive) = archived(engine).await?.filter(|archive| archive.upto > after) {
        let Archive { before, upto, number, .. } = archive;
        let detail = format!(
            "events up to {upto} are not sent any more: those of lots that had ended before \
             {before} are in archive {number}"
        );
        let hint =
            format!("start again with after={upto}; for earlier events use --with-archive FILE");
        return Err(QueryError::Gone { detail, hint });
    }
    let end = engine.store.last_position().await?;
    if after > end {
        let detail =
            format!("the log ends at {end}, before {after}: it is not the log that you have read");
        let hint = "find out what was restored or replaced, and start again with after=0";
        return Err(QueryError::Gone { detail, hint: hint.to_owned() });
    }
    Ok(after)
}
