//! SIGTERM and SIGINT.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

/// Whether the process was told to end. One that listens is not ended by the signals: it listens
/// before others can see that it is there, so that it drains from then on.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens from now on.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(Failure::ours);
        let (terminate, interrupt) = (SignalKind::terminate(), SignalKind::interrupt());
        Ok(Self { terminate: listen(terminate)?, interrupt: listen(interrupt)? })
    }

    /// Does `work`, unless the process is told to end before that is done.
    pub(crate) async fn unless<T>(
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let mut told = Self::listen()?;
        tokio::select! {
            done = work => done,
            () = told.wait() => Err(Failure::caller("stopped before it was done", "nothing is left of it")),
        }
    }

    /// Waits until the process is told to end, or was since it has listened.
    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
