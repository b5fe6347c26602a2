//! Why a database does not do what is asked, as far as its error tells, and the way out.

use super::{StoreError, shared};

/// A cause, in words for whoever is on call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// What it is.
    pub what: &'static str,
    /// The way out.
    pub mend: &'static str,
}

/// What keeps commits from being done or confirmed, although the database can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hindrance {
    /// What it is, for anybody.
    pub what: &'static str,
    /// The names in it, for operators.
    pub detail: String,
    /// The way out.
    pub mend: String,
}

impl Hindrance {
    /// What it is, with its names.
    #[must_use]
    pub fn told(&self) -> String {
        format!("{}: {}", self.what, self.detail)
    }
}

/// The causes by SQLSTATE.
const CAUSES: [(&[&str], Cause); 8] = [
    (
        &["28P01", "28000"],
        Cause {
            what: "the database refuses this user or its password",
            mend: "let the user in again, or give the new password (--store, WAYBILL_STORE or the file that holds it): \
                   processes that run read it when they are started again",
        },
    ),
    (
        &["3D000"],
        Cause {
            what: "the server has no such database",
            mend: "make that database first, or name another one in --store",
        },
    ),
    (
        &["42501"],
        Cause {
            what: "the database's user lacks a right",
            mend: "give that user the rights to the database, its schema and its tables: all goes on by itself then",
        },
    ),
    (
        &["53300"],
        Cause {
            what: "the database has no connection left",
            mend: "end what holds connections, raise its `max_connections`, or let each process have fewer \
                   (--store-connections): all goes on by itself then",
        },
    ),
    (
        &["57P03"],
        Cause {
            what: "the database is starting or shutting down",
            mend: "none: it is tried again; look at the database's log if it lasts",
        },
    ),
    (
        &["25006"],
        Cause {
            what: "the database takes no writes",
            mend: "it is a standby, or one that failed over: name the one that takes writes",
        },
    ),
    (
        &["08P01", "42P05", "26000"],
        Cause {
            what: "a pooler stands before the database and does not keep sessions",
            mend: "name Postgres itself, or a pool in session mode that lets through `extra_float_digits` and `options`",
        },
    ),
    (
        &["57P01", "57P02"],
        Cause {
            what: "the session was ended by an administrator or with the server",
            mend: "none: it is tried again; look at the database's log if it lasts",
        },
    ),
];

/// It does not even refuse.
const AWAY: Cause = Cause {
    what: "the database does not answer",
    mend: "is it running, and is its address right? see --store or WAYBILL_STORE; processes wait for it and go on by \
           themselves",
};

/// The SQLSTATE of an error, or SQLite's code.
fn code(error: &sqlx::Error) -> Option<String> {
    let error = shared(error).unwrap_or(error);
    error.as_database_error()?.code().map(|code| code.into_owned())
}

impl StoreError {
    fn reported(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Database { source, .. } | Self::Open { source, .. } => Some(source),
            _ => None,
        }
    }

    /// Why the database did not do it; none: its error does not tell.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        let error = self.reported()?;
        match code(error) {
            Some(code) => {
                let mut all = CAUSES.iter();
                all.find(|(codes, _)| codes.contains(&&*code)).map(|(_, cause)| *cause)
            }
            None => self.is_passing().then_some(AWAY),
        }
    }

    /// Whether the database refuses this user, its password, or a right that it needs.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        let code = self.reported().and_then(code).unwrap_or_default();
        ["28P01", "28000", "3D000", "42501"].contains(&&*code)
    }
}
