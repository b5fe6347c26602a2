//! A network that can be paused. The proxy forwards to a port, or holds everything back like a link
//! that loses its packets.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::Result;

/// The most bytes that are forwarded together.
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
    /// The times at which connections were refused.
    came: Mutex<Vec<Instant>>,
    /// How many more answers are forwarded before all connections are closed. Below 1 means never.
    left: AtomicI64,
    /// How often all connections were closed.
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

    /// Counts an answer. Returns whether it is forwarded; if not, all connections are closed
    /// instead.
    fn counts(&self) -> bool {
        let is_last = self.left.fetch_sub(1, Ordering::AcqRel) == 1;
        if is_last {
            self.cuts.fetch_add(1, Ordering::AcqRel);
        }
        !is_last
    }

    /// Waits while the proxy is paused.
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

    /// The port that the proxy listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on, forwards nothing and closes nothing.
    pub fn pause(&self) {
        self.gate.set(true);
    }

    /// With `true`, closes every new connection at once, and every existing one at its next byte.
    /// With `false`, stops doing so.
    pub fn refuse(&self, refuses: bool) {
        self.gate.refuses.store(refuses, Ordering::Release);
    }

    /// After `answers` more answers, closes all existing connections. Idle ones are closed at their
    /// next byte.
    pub fn cut_after(&self, answers: i64) {
        self.gate.left.store(answers, Ordering::Release);
    }

    /// The times at which connections were refused.
    #[must_use]
    pub fn came(&self) -> Vec<Instant> {
        self.gate.came.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forwards again, beginning with what was held back.
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
    // If one end is gone, close the other too.
    to.shutdown(Shutdown::Both).ok();
    from.shutdown(Shutdown::Both).ok();
}
