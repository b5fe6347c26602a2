//! Reads files again while a process runs: pipeline, keys and certificates on SIGHUP, and certificates whenever their
//! files change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum_server::tls_rustls::RustlsConfig;
use tokio::signal::unix::{Signal, SignalKind, signal};
use waybill_api::AccessLog;
use waybill_shared::clock::Clock;
use waybill_shared::domain::pipeline::StepConfig;
use waybill_shared::engine::Engine;
use waybill_shared::sealing::Keys;

use crate::certificate;
use crate::failure::Failure;
use crate::listen;
use crate::service::read_pipeline;
use crate::stating::{self, Stating};

/// How often the files of a certificate are checked for changes.
const LOOK: Duration = Duration::from_secs(10);

/// Listens for SIGHUP, which from now on does not end the process.
fn hangups() -> Result<Signal, Failure> {
    signal(SignalKind::hangup()).map_err(Failure::ours)
}

/// Keeps SIGHUP from ending the process, even before there is anything to read again.
pub(crate) fn outlive_hangups() -> Result<(), Failure> {
    // The default action stays off, even after the listener is dropped.
    hangups().map(drop)
}

/// States the pipeline in `path` again on each SIGHUP. Without a path, SIGHUP has no effect.
pub(crate) fn pipeline(
    engine: Engine,
    path: Option<PathBuf>,
) -> Result<impl Future<Output = ()> + use<>, Failure> {
    let mut hangups = hangups()?;
    Ok(async move {
        while hangups.recv().await.is_some() {
            let Some(path) = &path else { continue };
            match again(&engine, path).await {
                Ok(version) => {
                    tracing::info!(version, path = %path.display(), "the pipeline was read again")
                }
                Err(failure) => tracing::error!(%failure, "the pipeline stays as it was"),
            }
        }
        std::future::pending().await
    })
}

async fn again(engine: &Engine, path: &Path) -> Result<u32, Failure> {
    let pipeline = read_pipeline(path)?;
    let running = engine.pipelines().flat_map(|known| &known.steps);
    let running: Vec<&str> = running.map(|step| &*step.name.0).collect();
    let is_new = |step: &&StepConfig| !running.contains(&&*step.name.0);
    if let Some(step) = pipeline.steps.iter().find(is_new) {
        let message = format!("it has a step that no process runs yet, `{}`", step.name);
        return Err(Failure::caller(message, "restart the processes instead"));
    }
    if pipeline.connector != engine.pipeline().connector {
        return Err(Failure::caller("it has another connector", "restart the processes instead"));
    }
    let stating = Stating { pipeline, is_again: false };
    stating::state(&*engine.store, Some(stating), engine.clock.now()).await?;
    engine.learn_versions().await?;
    Ok(engine.pipeline_version())
}

/// Reads a certificate and its key again on each SIGHUP, and whenever one of the files has changed.
pub(crate) fn certificate(
    config: RustlsConfig,
    files: [PathBuf; 2],
) -> Result<impl Future<Output = ()> + use<>, Failure> {
    let mut hangups = hangups()?;
    let mut known = files.each_ref().map(|file| changed(file));
    Ok(async move {
        loop {
            let is_asked = tokio::select! {
                hangup = hangups.recv() => hangup.is_some(),
                () = tokio::time::sleep(LOOK) => false,
            };
            let now = files.each_ref().map(|file| changed(file));
            if !is_asked && now == known {
                continue;
            }
            known = now;
            let read = match certificate::holds(&files[0], Clock::Real.now()) {
                Ok(_) => config.reload_from_pem_file(&files[0], &files[1]).await,
                Err(why) => Err(std::io::Error::other(why)),
            };
            match read {
                Ok(()) => {
                    listen::offer_http1(&config);
                    tracing::info!("the certificate was read again");
                }
                Err(error) => tracing::error!(%error, "the certificate stays as it was"),
            }
        }
    })
}

/// Reopens the access log on each SIGHUP, after a log rotation has moved the old file away.
pub(crate) fn access_log(
    log: Option<Arc<AccessLog>>,
) -> Result<impl Future<Output = ()> + use<>, Failure> {
    let mut hangups = hangups()?;
    Ok(async move {
        while let (Some(log), Some(())) = (&log, hangups.recv().await) {
            match log.reopen() {
                Ok(()) => tracing::info!("the access log was opened again"),
                Err(error) => tracing::error!(%error, "the access log goes on in its old file"),
            }
        }
        std::future::pending().await
    })
}

/// Reads the file of keys again on each SIGHUP. Without a file, SIGHUP has no effect.
pub(crate) fn keys(
    keys: Arc<Keys>,
    path: Option<PathBuf>,
) -> Result<impl Future<Output = ()> + use<>, Failure> {
    let mut hangups = hangups()?;
    Ok(async move {
        while hangups.recv().await.is_some() {
            let Some(path) = &path else { continue };
            match crate::keys::of_file(path) {
                Ok(read) => {
                    keys.replace(&read);
                    tracing::info!(keys = ?keys.ids(), path = %path.display(), "the keys were read again");
                }
                Err(failure) => tracing::error!(%failure, "the keys stay as they were"),
            }
        }
        std::future::pending().await
    })
}

fn changed(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).ok()?.modified().ok()
}
