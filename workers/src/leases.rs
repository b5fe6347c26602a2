//! Renews the leases of this process while it lives.

use std::time::Duration;

use waybill_shared::engine::Engine;

/// Renews leases if the store lets them expire. Runs until it is dropped.
pub async fn keep_leases(engine: Engine) {
    let Some(time) = engine.store.lease_time() else { return };
    let pause: Duration = time / 4;
    loop {
        tokio::time::sleep(pause).await;
        if let Err(error) = engine.store.renew_leases().await {
            // If a lease is not renewed in time, another worker takes over, and what this one
            // commits is stale.
            tracing::warn!(error = &error as &dyn std::error::Error, "leases were not renewed");
        }
    }
}
