//! Reads the state of the queues over a separate connection, because asking for a missing queue closes the channel.

use std::sync::Arc;
use std::time::Duration;

use lapin::Connection;
use tokio::time::timeout;

use super::supervisor::{ask, try_address};
use super::{failed, topology};
use crate::broker::{BrokerError, QueueSeen};
use crate::store::Lane;

/// The longest time to wait for the connection to close.
const FAREWELL: Duration = Duration::from_secs(1);

pub(super) async fn look(
    addresses: &[String],
    lanes: &[(Arc<str>, Lane)],
) -> Result<Vec<QueueSeen>, BrokerError> {
    let mut why = failed("be reached", "no address is known");
    for address in addresses {
        match try_address(address).await {
            Ok(connection) => {
                let seen = each(&connection, lanes).await;
                // If the connection is already gone, it need not be closed.
                drop(timeout(FAREWELL, connection.close(200, "done".into())).await);
                return seen;
            }
            Err(error) => why = failed("be reached", error),
        }
    }
    Err(why)
}

async fn each(
    connection: &Connection,
    lanes: &[(Arc<str>, Lane)],
) -> Result<Vec<QueueSeen>, BrokerError> {
    let names = lanes.iter().map(|(queue, lane)| topology::name(queue, *lane));
    let mut seen = Vec::new();
    let mut channel = ask("open a channel", connection.create_channel()).await?;
    for name in std::iter::once(topology::DEAD.to_owned()).chain(names) {
        let found = ask("find a queue", topology::find(&channel, &name)).await?;
        if found.is_none() {
            channel = ask("open a channel", connection.create_channel()).await?;
        }
        seen.push(QueueSeen { name, found });
    }
    Ok(seen)
}
