//! Ctrl-C: it ends a question, or work in parts between two of them. Pressed again, or where neither
//! is under way, it ends the process as it always does.

use std::sync::Once;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{SignalKind, signal};

/// What a shell says of a process that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;

/// What Ctrl-C would end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Doing {
    /// Nothing but the process.
    Nothing,
    /// A question, which notices by itself.
    Asks,
    /// Work in parts.
    Works,
    /// Work in parts, which has been told.
    Told,
}

static NOW: AtomicU8 = AtomicU8::new(Doing::Nothing as u8);

/// From then on signals no longer end the process by themselves.
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

/// Something that Ctrl-C ends instead of the process.
pub(crate) struct Held(());

impl Held {
    /// From now on, until it ends.
    pub(crate) fn on(doing: Doing) -> Self {
        NOW.store(doing as u8, Ordering::SeqCst);
        listen();
        Self(())
    }

    /// Whether it was told to end.
    pub(crate) fn is_told(&self) -> bool {
        is(Doing::Told)
    }

    /// It has come to its end. One that has not leaves its signal to nobody else.
    pub(crate) fn ends(&self) {
        NOW.store(Doing::Nothing as u8, Ordering::SeqCst);
    }
}
