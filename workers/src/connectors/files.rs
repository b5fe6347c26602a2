//! Orders go out as files, and documents come in from a watched folder.
//!
//! `outbox/NUMBER.json` holds an order's exact bytes. `documents/inbox.rs` reads `inbox/`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use waybill_shared::domain::lot::{Lot, Timestamp};
use waybill_shared::domain::order::Order;
use waybill_shared::job::JobError;
use waybill_shared::store::NewJob;

use super::{Connector, ConnectorQuery};

#[derive(Debug)]
pub struct FilesConnector {
    outbox: PathBuf,
}

impl FilesConnector {
    /// Creates `outbox/` and `inbox/` in `folder`.
    ///
    /// # Errors
    /// If the folders cannot be created.
    pub fn open(folder: &Path) -> Result<Self, std::io::Error> {
        let outbox = folder.join("outbox");
        fs::create_dir_all(&outbox)?;
        for place in InboxFolder::ALL {
            fs::create_dir_all(folder.join("inbox").join(place.name()))?;
        }
        Ok(Self { outbox })
    }

    /// Writes the message `number` to the outbox.
    async fn put_out(&self, number: &str, bytes: &str) -> Result<(), JobError> {
        let path = self.outbox.join(format!("{number}.json"));
        let bytes = bytes.to_owned();
        let written =
            tokio::task::spawn_blocking(move || write_whole(&path, bytes.as_bytes())).await;
        let source = match written {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        Err(JobError::Outside { what: format!("{number} could not be sent"), source })
    }
}

/// Writes `bytes` so that the file either exists completely or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), std::io::Error> {
    let partial = path.with_extension("partial");
    let mut file = fs::File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    if let Some(folder) = path.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[async_trait]
impl Connector for FilesConnector {
    fn ask(&self, _: ConnectorQuery<'_>, _: Timestamp) -> Vec<NewJob> {
        // The database says who has to answer. Answers come as documents in the inbox.
        Vec::new()
    }

    async fn send(
        &self,
        order: &Order,
        _: &[Lot],
        bytes: &str,
        _: Timestamp,
    ) -> Result<Vec<NewJob>, JobError> {
        self.put_out(&order.number, bytes).await.map(|()| Vec::new())
    }

    async fn tell(&self, number: &str, bytes: &str) -> Result<(), JobError> {
        self.put_out(number, bytes).await
    }
}

/// The folder of `inbox/` that a file goes to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum InboxFolder {
    Taken,
    Kept,
    Refused,
}

impl InboxFolder {
    pub(crate) const ALL: [Self; 3] = [Self::Taken, Self::Kept, Self::Refused];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Kept => "kept",
            Self::Refused => "refused",
        }
    }
}
