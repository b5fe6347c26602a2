//! Waits until the database can be used, when a process starts.

use std::time::Duration;

use waybill_shared::backoff::Backoff;

use crate::failure::Failure;

/// The shortest pause between two attempts.
const PAUSE: Duration = Duration::from_millis(200);

/// The longest pause between two attempts.
const PAUSE_AT_MOST: Duration = Duration::from_secs(5);

/// Runs `work` until the database can be used. `waits_for` is called with the reason of each wait.
pub(crate) async fn patiently<T, F: Future<Output = Result<T, Failure>>>(
    waits_for: impl Fn(&'static str),
    work: impl Fn() -> F,
) -> Result<T, Failure> {
    let mut backoff = Backoff::new(PAUSE, PAUSE_AT_MOST);
    loop {
        let failure = match work().await {
            Ok(done) => return Ok(done),
            Err(failure) => failure,
        };
        let Some(why) = failure.passes() else { return Err(failure) };
        tracing::warn!(%failure, "the database cannot be used; trying again");
        waits_for(why);
        tokio::time::sleep(backoff.pause()).await;
    }
}
