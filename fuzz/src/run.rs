//! Gives inputs to a reader and watches how it copes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::mutate::input;
use crate::{MEMORY, Target};

/// How long a reader may take for one input, in seconds.
const LONGEST: u64 = 5;

/// How much memory a reader may use for one input, in bytes: a file as a table, twice, and the
/// reader itself.
const MOST: usize = 160 << 20;

/// An input that was not read as it should be.
#[derive(Debug)]
pub struct Fault {
    pub target: &'static str,
    pub number: u64,
    pub what: String,
    pub input: Vec<u8>,
}

/// The results of one reader.
#[derive(Debug, Default)]
pub struct Report {
    pub inputs: u64,
    /// How many inputs the reader accepted.
    pub taken: u64,
    /// The most memory that one input took, in bytes.
    pub memory: usize,
    /// How long all inputs took together.
    pub time: Duration,
    /// The first faults, at most 20.
    pub faults: Vec<Fault>,
}

/// Ends the process when an input takes too long, because a reader cannot be stopped in any other
/// way.
struct Watch(Arc<AtomicU64>);

impl Watch {
    fn over(target: &'static str, seed: u64) -> Self {
        let current = Arc::new(AtomicU64::new(0));
        let seen = Arc::downgrade(&current);
        std::thread::spawn(move || {
            let mut last = 0;
            loop {
                std::thread::sleep(Duration::from_secs(LONGEST));
                let Some(current) = seen.upgrade() else { break };
                let now = current.load(Ordering::Relaxed);
                if now == last && now != u64::MAX && now > 0 {
                    let number = now - 1;
                    let said = format!(
                        "{target}: input {number} of seed {seed} takes above {LONGEST} s\n"
                    );
                    std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes()).ok();
                    std::process::exit(70);
                }
                last = now;
            }
        });
        Self(current)
    }
}

/// Gives the inputs with these numbers to `target`, which alone uses `folder`.
pub fn run(target: &Target, folder: &Path, seed: u64, numbers: std::ops::Range<u64>) -> Report {
    let began = Instant::now();
    let mut report = Report::default();
    let watch = Watch::over(target.name, seed);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for number in numbers {
        let input = input(target, seed, number);
        watch.0.store(number + 1, Ordering::Relaxed);
        let had = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let read = catch_unwind(AssertUnwindSafe(|| (target.read)(folder, &input)));
        let used = MEMORY.peak_usage().saturating_sub(had);
        report.inputs += 1;
        report.memory = report.memory.max(used);
        let what = match read {
            Ok(Ok(is_taken)) => {
                report.taken += u64::from(is_taken);
                if used <= MOST {
                    continue;
                }
                format!("it took {} MiB", used >> 20)
            }
            Ok(Err(what)) => what,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
                format!("panicked: {}", text.unwrap_or_default())
            }
        };
        if report.faults.len() < 20 {
            report.faults.push(Fault { target: target.name, number, what, input });
        }
    }
    watch.0.store(u64::MAX, Ordering::Relaxed);
    std::panic::set_hook(before);
    report.time = began.elapsed();
    report
}
