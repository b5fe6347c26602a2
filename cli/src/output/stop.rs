//! Handles Ctrl-C. It ends a question, or work in parts between two parts. Otherwise, or if it is pressed again, it
//! ends the process as usual.

use std::sync::Once;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{SignalKind, signal};

/// The exit code of a process that Ctrl-C has ended, as shells report it.
const INTERRUPTED: i32 = 130;

/// What Ctrl-C would end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Doing {
    /// Only the process.
    Nothing,
    /// A question, which notices Ctrl-C by itself.
    Asks,
    Works,
    /// Work in parts that was asked to stop.
    Told,
}

static NOW: AtomicU8 = AtomicU8::new(Doing::Nothing as u8);

/// Once called, Ctrl-C does not end the process by itself any more.
static LISTENS: Once = Once::new();

fn is(doing: Doing) -> bool {
    NOW.load(Ordering::SeqCst) == doing as u8
}

fn listen() {
    LISTENS.call_once(|| {
        let Ok(mut pressed) = signal(SignalKind::interrupt()) else { return };
        tokio::spawn(async move {
            while pressed.recv().await.is_some() {
                let (works, told) = (Doing::Works as u8, Doing::Told as u8);
                let is_told = NOW.compare_exchange(works, told, Ordering::SeqCst, Ordering::SeqCst);
                if is_told.is_err() && !is(Doing::Asks) {
                    std::process::exit(INTERRUPTED);
                }
            }
        });
    });
}

/// A question or work that Ctrl-C ends instead of the process.
pub(crate) struct Held(());

impl Held {
    /// Starts. Ctrl-C ends this until `ends` is called.
    pub(crate) fn on(doing: Doing) -> Self {
        NOW.store(doing as u8, Ordering::SeqCst);
        listen();
        Self(())
    }

    /// Whether it was asked to stop.
    pub(crate) fn is_told(&self) -> bool {
        is(Doing::Told)
    }

    /// Marks the end. If this is not called, Ctrl-C keeps being directed here.
    pub(crate) fn ends(&self) {
        NOW.store(Doing::Nothing as u8, Ordering::SeqCst);
    }
}
