//! A network that can be paused: it forwards to a port, or holds everything, as a link does whose
//! packets are lost.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::Result;

/// Bytes forwarded together.
const CHUNK: usize = 16 * 1024;

/// Forwards connections until its process ends.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    gate: Arc<Gate>,
}

#[derive(Debug, Default)]
struct Gate {
    is_paused: Mutex<bool>,
    changed: Condvar,
    refuses: AtomicBool,
    /// When somebody came while it refused.
    came: Mutex<Vec<Instant>>,
    /// So many answers are forwarded until all connections are closed; below 1: never.
    left: AtomicI64,
    /// How often all were closed.
    cuts: AtomicU64,
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_paused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, is_paused: bool) {
        *self.lock() = is_paused;
        self.changed.notify_all();
    }

    /// Whether an answer is forwarded, or was the last one before all connections are closed.
    fn counts(&self) -> bool {
        let is_last = self.left.fetch_sub(1, Ordering::AcqRel) == 1;
        if is_last {
            self.cuts.fetch_add(1, Ordering::AcqRel);
        }
        !is_last
    }

    /// Waits while it is paused.
    fn pass(&self) {
        let guard = self.lock();
        drop(self.changed.wait_while(guard, |is_paused| *is_paused));
    }
}

impl Proxy {
    /// Forwards a free port of the loopback interface to `port`.
    ///
    /// # Errors
    /// If no port can be listened on.
    pub fn start(port: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let gate = Arc::<Gate>::default();
        let proxy = Self { port: listener.local_addr()?.port(), gate: gate.clone() };
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                gate.pass();
                if gate.refuses.load(Ordering::Acquire) {
                    gate.came.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                let ends = (client.try_clone(), server.try_clone());
                let (Ok(from_client), Ok(from_server)) = ends else { continue };
                let since = gate.cuts.load(Ordering::Acquire);
                for (from, to, answers) in
                    [(from_client, server, false), (from_server, client, true)]
                {
                    let gate = gate.clone();
                    std::thread::spawn(move || forward(&gate, since, from, to, answers));
                }
            }
        });
        Ok(proxy)
    }

    /// The port that it forwards.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Forwards nothing from now on, and closes nothing.
    pub fn pause(&self) {
        self.gate.set(true);
    }

    /// Closes each connection at once from now on, those there are with their next byte; or not any more.
    pub fn refuse(&self, refuses: bool) {
        self.gate.refuses.store(refuses, Ordering::Release);
    }

    /// Closes all connections that there are after so many answers more, those that rest with their next byte.
    pub fn cut_after(&self, answers: i64) {
        self.gate.left.store(answers, Ordering::Release);
    }

    /// When somebody came while it refused.
    #[must_use]
    pub fn came(&self) -> Vec<Instant> {
        self.gate.came.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forwards again, what it holds first.
    pub fn resume(&self) {
        self.gate.set(false);
    }
}

fn forward(gate: &Gate, since: u64, mut from: TcpStream, mut to: TcpStream, answers: bool) {
    let mut chunk = [0; CHUNK];
    while let Ok(read) = from.read(&mut chunk)
        && read > 0
    {
        gate.pass();
        let is_closed = gate.refuses.load(Ordering::Acquire)
            || (answers && !gate.counts())
            || gate.cuts.load(Ordering::Acquire) != since;
        if is_closed || to.write_all(&chunk[..read]).is_err() {
            break;
        }
    }
    gate.pass();
    // One end is gone; so is the other.
    to.shutdown(Shutdown::Both).ok();
    from.shutdown(Shutdown::Both).ok();
}
