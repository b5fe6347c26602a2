//! The store and the broker that the options name.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use waybill_shared::address::without_secrets;
use waybill_shared::broker::{Broker, EmbeddedBroker, RabbitBroker};
use waybill_shared::metrics::Metrics;
use waybill_shared::sealing::Keys;
use waybill_shared::store::postgres::{CONNECTIONS, PostgresStore};
use waybill_shared::store::sqlite::SqliteStore;
use waybill_shared::store::{Migration, Store};

use crate::args::{Data, Reach, names_data};
use crate::failure::Failure;
use crate::keys;
use crate::private;
use crate::service;
use crate::with_archive;

/// A store, the broker that goes with it, and the folder for files.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The folder with the socket, outgoing orders, incoming documents, and the database if it is a
    /// file.
    pub(crate) data: PathBuf,
    pub(crate) store: StoreUrl,
    pub(crate) broker: BrokerUrl,
    /// A remote service that is used instead, and the token for it.
    pub(crate) server: Option<(String, Option<String>)>,
    /// The most connections of this process to a shared database.
    pub(crate) connections: u32,
    /// The keys that seal and open confidential values.
    pub(crate) keys: Arc<Keys>,
    /// The file of the keys, which is read again on SIGHUP.
    pub(crate) key_file: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    /// A file, which one process opens at a time.
    Sqlite(PathBuf),
    /// A database that many processes share.
    Postgres(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BrokerUrl {
    /// In this process.
    Embedded,
    Amqp(String),
}

impl StoreUrl {
    pub(crate) fn parse(url: &str) -> Result<Self, Failure> {
        if let Some(path) = url.strip_prefix("sqlite:").filter(|path| !path.is_empty()) {
            return Ok(Self::Sqlite(path.into()));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let message = format!("`{}` is not a store", without_secrets(url));
        Err(Failure::caller(message, "use sqlite:PATH or postgres://user:password@host/database"))
    }

    /// The kind of database: `sqlite` or `postgres`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// Opens the store. A missing database is created.
    pub(crate) async fn open(&self) -> Result<Arc<dyn Store>, Failure> {
        self.open_with(CONNECTIONS).await
    }

    /// Does the same, with at most this many connections to a server.
    pub(crate) async fn open_with(&self, connections: u32) -> Result<Arc<dyn Store>, Failure> {
        Ok(match self {
            Self::Sqlite(path) => Arc::new(SqliteStore::open(path).await?),
            Self::Postgres(url) => Arc::new(PostgresStore::open_with(url, connections).await?),
        })
    }

    /// Opens the store for reading only, as it is, while others may work on it.
    pub(crate) async fn look(&self) -> Result<Arc<dyn Store>, Failure> {
        Ok(match self {
            Self::Sqlite(path) => Arc::new(SqliteStore::look(path).await?),
            Self::Postgres(url) => Arc::new(PostgresStore::look(url).await?),
        })
    }

    /// The migrations, and whether each was applied.
    pub(crate) async fn migrations(&self) -> Result<Vec<Migration>, Failure> {
        Ok(match self {
            Self::Sqlite(path) => SqliteStore::migrations(path).await?,
            Self::Postgres(url) => PostgresStore::migrations(url).await?,
        })
    }

    /// Whether the database exists. Always true for a server, which is only contacted when it is
    /// opened.
    pub(crate) fn exists(&self) -> bool {
        match self {
            Self::Sqlite(path) => path.exists(),
            Self::Postgres(_) => true,
        }
    }
}

impl std::fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => f.write_str(&without_secrets(url)),
        }
    }
}

impl BrokerUrl {
    pub(crate) fn parse(url: &str) -> Result<Self, Failure> {
        if url == "embedded:" {
            return Ok(Self::Embedded);
        }
        if url.starts_with("amqp://") || url.starts_with("amqps://") {
            return Ok(Self::Amqp(url.to_owned()));
        }
        let hint = "use embedded: or amqp(s)://user:password@host/vhost";
        Err(Failure::caller(format!("`{}` is not a broker", without_secrets(url)), hint))
    }

    pub(crate) async fn open(&self, metrics: &Arc<Metrics>) -> Result<Arc<dyn Broker>, Failure> {
        match self {
            Self::Embedded => Ok(Arc::new(EmbeddedBroker::default())),
            Self::Amqp(url) => {
                let broker = RabbitBroker::open(url, metrics.clone()).await;
                let broker = broker.map_err(|error| {
                    Failure::caller(error.to_string(), "name the broker with --broker")
                })?;
                Ok(Arc::new(broker))
            }
        }
    }
}

impl Target {
    /// Fails if the database does not exist.
    pub(crate) fn is_there(&self) -> Result<(), Failure> {
        if self.store.exists() {
            return Ok(());
        }
        let message = match &self.store {
            StoreUrl::Sqlite(path) if path.parent() != Some(&self.data) => {
                format!("there is no database at {}", path.display())
            }
            StoreUrl::Sqlite(_) | StoreUrl::Postgres(_) => {
                format!("there is no data in {}", self.data.display())
            }
        };
        Err(Failure::caller(message, "name the folder with --data, or import a coalition first"))
    }

    /// Locks other processes out of the database, if it is a file.
    pub(crate) fn hold(&self) -> Result<Option<File>, Failure> {
        match &self.store {
            StoreUrl::Sqlite(path) => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                service::lock(folder.unwrap_or(Path::new("."))).map(Some)
            }
            StoreUrl::Postgres(_) => Ok(None),
        }
    }

    /// A data folder with everything in it.
    pub(crate) fn folder(data: &Path) -> Self {
        let store = StoreUrl::Sqlite(data.join("waybill.sqlite"));
        let (keys, key_file) = Default::default();
        let (data, broker) = (data.to_owned(), BrokerUrl::Embedded);
        let connections = CONNECTIONS;
        Self { data, store, broker, server: None, connections, keys, key_file }
    }

    /// SQLite is for one process, so its broker must be embedded.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if let (StoreUrl::Sqlite(_), BrokerUrl::Amqp(_)) = (&self.store, &self.broker) {
            let message =
                "a broker between processes cannot be used with SQLite, which serves one process";
            return Err(Failure::caller(message, "use --broker embedded: or a postgres:// store"));
        }
        Ok(())
    }

    /// Whether only one process at a time can use the store.
    pub(crate) fn is_for_one(&self) -> bool {
        matches!(self.store, StoreUrl::Sqlite(_))
    }

    /// The target in the options of a role.
    pub(crate) fn here(options: &Data) -> Result<Self, Failure> {
        let (store, broker) = (options.store.as_deref(), options.broker.as_deref());
        let mut target = Self::named(&options.data, store, broker)?;
        if let Some(path) = &options.key_file {
            target.keys = Arc::new(keys::of_file(path)?);
            target.key_file = Some(path.clone());
        }
        with_archive::instead_of(target)
    }

    /// The target in the options of a command.
    pub(crate) fn of(options: &Reach) -> Result<Self, Failure> {
        let mut target = Self::here(&options.data)?;
        if let Some(server) = options.server.as_ref().filter(|_| !names_data()) {
            if with_archive::are_named() {
                let hint = "run the command where the database is, with --data or --store";
                return Err(Failure::caller("--with-archive cannot be used with a service", hint));
            }
            let token = token(options.token_file.as_deref())?;
            target.server = Some((server.trim_end_matches('/').to_owned(), token));
        }
        Ok(target)
    }

    /// A store and a broker by their URLs; `None` means those of the folder.
    pub(crate) fn named(
        data: &Path,
        store: Option<&str>,
        broker: Option<&str>,
    ) -> Result<Self, Failure> {
        let mut target = Self::folder(data);
        target.keys = Arc::new(keys::of_environment()?);
        if let Some(url) = store {
            target.store = StoreUrl::parse(url)?;
        }
        if let Some(url) = broker {
            target.broker = BrokerUrl::parse(url)?;
        }
        target.check()?;
        Ok(target)
    }
}

/// The token for a remote service, from a file or from the environment.
fn token(file: Option<&Path>) -> Result<Option<String>, Failure> {
    let Some(path) = file else {
        let token = std::env::var("WAYBILL_TOKEN").ok().filter(|token| !token.is_empty());
        let Some(token) = token else { return Ok(None) };
        return whole(token, "WAYBILL_TOKEN").map(Some);
    };
    let text = private::read(path)?;
    whole(text, &path.display().to_string()).map(Some)
}

/// Checks that a token was not mistyped or cut off, before a service is contacted.
fn whole(text: String, place: &str) -> Result<String, Failure> {
    let token = text.trim();
    waybill_api::check_token(token).map_err(|fault| {
        let hint = "copy the whole token again; an admin can create another";
        Failure::caller(format!("{place} does not contain a token: {fault}"), hint)
    })?;
    Ok(token.to_owned())
}
