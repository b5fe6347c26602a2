//! Keeps this process' leases while it lives.

use std::time::Duration;

use waybill_shared::engine::Engine;

/// Renews leases, where they end by themselves; runs until it is dropped.
pub async fn keep_leases(engine: Engine) {
    let Some(time) = engine.store.lease_time() else { return };
    let pause: Duration = time / 4;
    loop {
        tokio::time::sleep(pause).await;
        if let Err(error) = engine.store.renew_leases().await {
            // What is not renewed in time is taken by another: what this one commits is stale then.
            tracing::warn!(error = &error as &dyn std::error::Error, "leases were not renewed");
        }
    }
}
