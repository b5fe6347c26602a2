//! Limits repetitions in the log: a repeated line is printed a few times, and then only counted.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tracing::callsite::Identifier;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata};
use tracing_subscriber::layer::{Context, Filter};

/// How often one line may be printed within [`WINDOW`].
const MOST: u32 = 20;

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

/// Lets each warning and error through at most [`MOST`] times in a [`WINDOW`].
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

/// Reports how often each line was left out since the last report.
pub(crate) fn left_out() {
    let left: Vec<(String, u64)> = said()
        .values_mut()
        .filter(|said| said.left_out > 0)
        .map(|said| (said.place.clone(), std::mem::take(&mut said.left_out)))
        .collect();
    for (place, lines) in left {
        tracing::info!(place, lines, "lines left out: the same message was written before");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tracing::Subscriber;
    use tracing_subscriber::Layer;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    struct Count(Arc<AtomicU32>);

    impl<S: Subscriber> Layer<S> for Count {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn what_is_said_over_and_over_is_said_a_few_times_and_then_counted() {
        let count = Arc::new(AtomicU32::new(0));
        let layer = Count(count.clone()).with_filter(Seldom);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            for _ in 0..MOST + 30 {
                tracing::warn!("the same again");
            }
            assert_eq!(count.load(Ordering::Relaxed), MOST);
            for _ in 0..MOST + 30 {
                tracing::info!("what is no warning is not counted");
            }
        });
        assert_eq!(count.load(Ordering::Relaxed), MOST + MOST + 30);
        let left: u64 = said().values().map(|said| said.left_out).sum();
        assert_eq!(left, 30);
    }
}
