//! Options of the live view.

use std::time::Duration;

use clap::Args;

use super::Reach;

/// The shortest interval at which the service is polled.
const LEAST: Duration = Duration::from_millis(200);

/// `waybill watch`.
#[derive(Debug, Args)]
#[command(before_help = "Keys: arrows and Tab move, Enter opens, h holds, t retries, r reviews,
/ filters, ? shows the others, q ends it.
On SQLite it needs a running `waybill serve`.")]
#[command(after_help = "Examples:
  waybill watch                # what the service of the data folder does
  waybill watch --every 5s     # the same, asked less often")]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// How often to poll the service, such as 500ms, 1s or 2m.
    #[arg(long, env = "WAYBILL_EVERY", value_name = "TIME", default_value = "1s", value_parser = every)]
    pub(crate) every: Duration,
}

/// Reads a length of time such as `1s`.
fn every(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        _ => return Err(format!("`{text}` is not a length of time: write 500ms, 1s or 2m")),
    };
    let length = number.parse::<u64>().ok().and_then(|number| number.checked_mul(millis));
    let length = length.filter(|length| *length <= 3_600_000).map(Duration::from_millis);
    match length {
        Some(length) if length >= LEAST => Ok(length),
        Some(_) => Err(format!("no more often than every {} ms", LEAST.as_millis())),
        None => Err("at least once an hour".to_owned()),
    }
}
