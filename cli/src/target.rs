//! Where the truth is and what carries hints: the store and the broker that options name.

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
use crate::commands::with_archive;
use crate::failure::Failure;
use crate::keys;
use crate::private;
use crate::service;

/// A store and a broker that go together, and the folder for files.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The folder: the socket, orders out, documents in, and the database where that is a file.
    pub(crate) data: PathBuf,
    /// The store.
    pub(crate) store: StoreUrl,
    /// The broker.
    pub(crate) broker: BrokerUrl,
    /// A service elsewhere instead, and the token for it.
    pub(crate) server: Option<(String, Option<String>)>,
    /// How many connections this process holds to a database that others share.
    pub(crate) connections: u32,
    /// What seals and opens what is confidential.
    pub(crate) keys: Arc<Keys>,
    /// The file that they were read from, to be read again.
    pub(crate) key_file: Option<PathBuf>,
}

/// A store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    /// A file, opened by one process at a time.
    Sqlite(PathBuf),
    /// A database that many processes share.
    Postgres(String),
}

/// A broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BrokerUrl {
    /// In this process.
    Embedded,
    /// RabbitMQ.
    Amqp(String),
}

impl StoreUrl {
    /// Reads a store's URL.
    pub(crate) fn parse(url: &str) -> Result<Self, Failure> {
        if let Some(path) = url.strip_prefix("sqlite:").filter(|path| !path.is_empty()) {
            return Ok(Self::Sqlite(path.into()));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let message = format!("`{}` is no store", without_secrets(url));
        Err(Failure::caller(message, "use sqlite:PATH or postgres://user:password@host/database"))
    }

    /// What kind of database it is.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// Opens it, and makes what is not there.
    pub(crate) async fn open(&self) -> Result<Arc<dyn Store>, Failure> {
        self.open_with(CONNECTIONS).await
    }

    /// The same, holding so many connections at most where it is a server.
    pub(crate) async fn open_with(&self, connections: u32) -> Result<Arc<dyn Store>, Failure> {
        Ok(match self {
            Self::Sqlite(path) => Arc::new(SqliteStore::open(path).await?),
            Self::Postgres(url) => Arc::new(PostgresStore::open_with(url, connections).await?),
        })
    }

    /// Opens it to be read, as it is, beside whoever works on it.
    pub(crate) async fn look(&self) -> Result<Arc<dyn Store>, Failure> {
        Ok(match self {
            Self::Sqlite(path) => Arc::new(SqliteStore::look(path).await?),
            Self::Postgres(url) => Arc::new(PostgresStore::look(url).await?),
        })
    }

    /// Its migrations, and whether they were made.
    pub(crate) async fn migrations(&self) -> Result<Vec<Migration>, Failure> {
        Ok(match self {
            Self::Sqlite(path) => SqliteStore::migrations(path).await?,
            Self::Postgres(url) => PostgresStore::migrations(url).await?,
        })
    }

    /// Whether it is there; a server is asked only when it is opened.
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
    /// Reads a broker's URL.
    pub(crate) fn parse(url: &str) -> Result<Self, Failure> {
        if url == "embedded:" {
            return Ok(Self::Embedded);
        }
        if url.starts_with("amqp://") || url.starts_with("amqps://") {
            return Ok(Self::Amqp(url.to_owned()));
        }
        let hint = "use embedded: or amqp(s)://user:password@host/vhost";
        Err(Failure::caller(format!("`{}` is no broker", without_secrets(url)), hint))
    }

    /// Opens it.
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
    /// There has to be a database.
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
        Err(Failure::caller(message, "name the folder with --data, or import first"))
    }

    /// Keeps other processes from the database, where it is a file.
    pub(crate) fn hold(&self) -> Result<Option<File>, Failure> {
        match &self.store {
            StoreUrl::Sqlite(path) => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                service::lock(folder.unwrap_or(Path::new("."))).map(Some)
            }
            StoreUrl::Postgres(_) => Ok(None),
        }
    }

    /// The data folder alone: everything is in it.
    pub(crate) fn folder(data: &Path) -> Self {
        let store = StoreUrl::Sqlite(data.join("waybill.sqlite"));
        let (keys, key_file) = Default::default();
        let (data, broker) = (data.to_owned(), BrokerUrl::Embedded);
        let connections = CONNECTIONS;
        Self { data, store, broker, server: None, connections, keys, key_file }
    }

    /// A file is for one process, so is its broker.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if let (StoreUrl::Sqlite(_), BrokerUrl::Amqp(_)) = (&self.store, &self.broker) {
            let message = "a broker between processes does not go with SQLite, which is for one";
            return Err(Failure::caller(message, "use --broker embedded: or a postgres:// store"));
        }
        Ok(())
    }

    /// Whether one process at a time has the store.
    pub(crate) fn is_for_one(&self) -> bool {
        matches!(self.store, StoreUrl::Sqlite(_))
    }

    /// What the options of a role name.
    pub(crate) fn here(options: &Data) -> Result<Self, Failure> {
        let (store, broker) = (options.store.as_deref(), options.broker.as_deref());
        let mut target = Self::named(&options.data, store, broker)?;
        if let Some(path) = &options.key_file {
            target.keys = Arc::new(keys::of_file(path)?);
            target.key_file = Some(path.clone());
        }
        with_archive::instead_of(target)
    }

    /// What the options of a command name.
    pub(crate) fn of(options: &Reach) -> Result<Self, Failure> {
        let mut target = Self::here(&options.data)?;
        if let Some(server) = options.server.as_ref().filter(|_| !names_data()) {
            if with_archive::are_named() {
                let hint = "ask where the database is: name it with --data or --store";
                return Err(Failure::caller("a service elsewhere has no archive put back", hint));
            }
            let token = token(options.token_file.as_deref())?;
            target.server = Some((server.trim_end_matches('/').to_owned(), token));
        }
        Ok(target)
    }

    /// A store and a broker by their URLs, where they are not those of the folder.
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

/// The token for a service elsewhere: that of a file, or of the environment.
fn token(file: Option<&Path>) -> Result<Option<String>, Failure> {
    let Some(path) = file else {
        let token = std::env::var("WAYBILL_TOKEN").ok().filter(|token| !token.is_empty());
        let Some(token) = token else { return Ok(None) };
        return whole(token, "WAYBILL_TOKEN").map(Some);
    };
    let text = private::read(path)?;
    whole(text, &path.display().to_string()).map(Some)
}

/// A token that was not mistyped or cut off, which is seen before anybody is asked.
fn whole(text: String, place: &str) -> Result<String, Failure> {
    let token = text.trim();
    waybill_api::check_token(token).map_err(|fault| {
        let hint = "copy it again, whole, from where it was given; an admin gives another";
        Failure::caller(format!("what is in {place} is no token: {fault}"), hint)
    })?;
    Ok(token.to_owned())
}
