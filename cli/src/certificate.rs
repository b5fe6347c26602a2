//! Checks whether a TLS certificate is valid.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use x509_parser::pem::Pem;

/// How long before its end a certificate should be renewed.
const SOON: TimeDelta = TimeDelta::days(14);

/// Checks that the first certificate of a PEM file is valid now, and returns the end of its
/// validity. The error says why it cannot be used.
pub(crate) fn holds(path: &Path, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let pem = Pem::iter_from_buffer(&bytes).next().ok_or("it contains no certificate")?;
    let pem = pem.map_err(|error| error.to_string())?;
    let read = pem.parse_x509().map_err(|error| error.to_string())?;
    let moment = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let (from, until) = (read.validity().not_before, read.validity().not_after);
    let (from, until) = (moment(from.timestamp()), moment(until.timestamp()));
    if until <= now {
        return Err(format!("it has expired on {}", until.format("%Y-%m-%d %H:%M UTC")));
    }
    if from > now {
        return Err(format!("it is not valid before {}", from.format("%Y-%m-%d %H:%M UTC")));
    }
    if until - now < SOON {
        let until = until.format("%Y-%m-%d %H:%M UTC");
        tracing::warn!(%until, certificate = %path.display(), "a certificate expires soon: renew \
            it");
    }
    Ok(until)
}
