//! Handles SIGTERM and SIGINT.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

/// Receives the signals that ask the process to end. Once it listens, they do not end the process
/// themselves. It starts to listen before others can see the process, so that work is always
/// finished.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Starts to listen.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(Failure::ours);
        let (terminate, interrupt) = (SignalKind::terminate(), SignalKind::interrupt());
        Ok(Self { terminate: listen(terminate)?, interrupt: listen(interrupt)? })
    }

    /// Runs `work`, unless the process is asked to end before it is done.
    pub(crate) async fn unless<T>(
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let mut told = Self::listen()?;
        tokio::select! {
            done = work => done,
            () = told.wait() => Err(Failure::caller("stopped before it was done", "it left \
                nothing behind")),
        }
    }

    /// Waits until the process is asked to end, or returns at once if it has been asked since it
    /// listens.
    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
