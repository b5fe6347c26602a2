//! Some pooled sessions keep failing although the database is well. For example, a session that began while the
//! database was read-only, as after a fail-over, stays read-only for as long as it lives. After the first such error,
//! every session that is as old is replaced when it is next used.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Read-only; a plan or a prepared statement that the session no longer knows.
const CODES: [&str; 3] = ["25006", "0A000", "26000"];

/// The shortest time between two replacements of all sessions, in milliseconds.
const PAUSE: u64 = 1_000;

/// When such an error last occurred, in milliseconds on this process's clock; 0 if never.
static MET: AtomicU64 = AtomicU64::new(0);

fn now() -> u64 {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    let began = BEGAN.get_or_init(Instant::now);
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
}

/// Records `error` if it is one that lasts as long as its session.
pub(super) fn met(error: &sqlx::Error) {
    let code = error.as_database_error().and_then(|error| error.code());
    if !code.is_some_and(|code| CODES.contains(&&*code)) {
        return;
    }
    let (now, before) = (now(), MET.load(Ordering::Acquire));
    if before == 0 || now.saturating_sub(before) > PAUSE {
        MET.store(now, Ordering::Release);
        tracing::warn!(%error, "database sessions are being replaced");
    }
}

/// Whether a session of this age began after the last such error.
pub(super) fn is_sound(age: Duration) -> bool {
    let met = MET.load(Ordering::Acquire);
    let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    met == 0 || now().saturating_sub(age) > met
}
