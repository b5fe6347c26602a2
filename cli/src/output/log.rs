//! The log: what is said over and over is said a few times, and then how often it was left out.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tracing::callsite::Identifier;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata};
use tracing_subscriber::layer::{Context, Filter};

/// How often one line may be said within [`WINDOW`].
const MOST: u32 = 20;

/// For how long it is counted.
const WINDOW: Duration = Duration::from_secs(10);

struct Said {
    since: Instant,
    times: u32,
    left_out: u64,
    place: String,
}

fn said() -> MutexGuard<'static, HashMap<Identifier, Said>> {
    static SAID: OnceLock<Mutex<HashMap<Identifier, Said>>> = OnceLock::new();
    SAID.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets each warning and error through a few times in a while.
pub(super) struct Seldom;

impl<S> Filter<S> for Seldom {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let data = event.metadata();
        if *data.level() > Level::WARN {
            return true;
        }
        let now = Instant::now();
        let place = || format!("{}:{}", data.target(), data.line().unwrap_or(0));
        let mut said = said();
        let known = said.entry(data.callsite()).or_insert_with(|| Said {
            since: now,
            times: 0,
            left_out: 0,
            place: place(),
        });
        if now - known.since > WINDOW {
            (known.since, known.times) = (now, 0);
        }
        known.times += 1;
        let is_let = known.times <= MOST;
        known.left_out += u64::from(!is_let);
        is_let
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        None
    }
}

/// Says how often which line was left out since this was last said.
pub(crate) fn left_out() {
    let left: Vec<(String, u64)> = said()
        .values_mut()
        .filter(|said| said.left_out > 0)
        .map(|said| (said.place.clone(), std::mem::take(&mut said.left_out)))
        .collect();
    for (place, lines) in left {
        tracing::info!(place, lines, "left out: the same was said before");
    }
}
