//! Translates database errors into a cause and a remedy, as far as the error code allows.

use super::{StoreError, shared};

/// Why the database failed, in words for whoever is on call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    pub what: &'static str,
    /// What the operator can do about it.
    pub mend: &'static str,
}

/// Something that keeps commits from completing or being confirmed, although the database can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hindrance {
    /// Description without names, so that anybody may see it.
    pub what: &'static str,
    /// Names of sessions, users and the like; for operators only.
    pub detail: String,
    pub mend: String,
}

impl Hindrance {
    /// The description together with its details.
    #[must_use]
    pub fn told(&self) -> String {
        format!("{}: {}", self.what, self.detail)
    }
}

/// Causes by SQLSTATE.
const CAUSES: [(&[&str], Cause); 8] = [
    (
        &["28P01", "28000"],
        Cause {
            what: "the database refuses this user or its password",
            mend: "allow the user to log in again, or give the new password (--store, \
                   WAYBILL_STORE or the \
                   file that contains it) and restart the processes so that they read it",
        },
    ),
    (
        &["3D000"],
        Cause {
            what: "the server has no such database",
            mend: "create that database first, or name another one in --store",
        },
    ),
    (
        &["42501"],
        Cause {
            what: "the database's user lacks a permission",
            mend: "grant that user the permissions on the database, its schema and its tables; \
                   work then continues by itself",
        },
    ),
    (
        &["53300"],
        Cause {
            what: "the database has no free connections",
            mend: "close other connections, raise its `max_connections`, or allow each process \
                   fewer (--store-connections); work then continues by itself",
        },
    ),
    (
        &["57P03"],
        Cause {
            what: "the database is starting or shutting down",
            mend: "none: Waybill tries again; check the database's log if this does not end",
        },
    ),
    (
        &["25006"],
        Cause {
            what: "the database accepts no writes",
            mend: "it is a standby, or the old server after a failover: name the server that \
                   accepts writes",
        },
    ),
    (
        &["08P01", "42P05", "26000"],
        Cause {
            what: "a connection pooler in front of the database does not keep sessions",
            mend: "name Postgres itself, or a pool in session mode that passes on \
                   `extra_float_digits` and `options`",
        },
    ),
    (
        &["57P01", "57P02"],
        Cause {
            what: "the session was ended by an administrator or with the server",
            mend: "none: Waybill tries again; check the database's log if this does not end",
        },
    ),
];

/// For a server that gives no answer at all, not even a refusal.
const AWAY: Cause = Cause {
    what: "the database does not answer",
    mend: "check that it is running and that its address is right (--store or WAYBILL_STORE); \
           processes wait for it and then continue by themselves",
};

/// The error's SQLSTATE, or SQLite's result code.
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

    /// Why the database failed; `None` if the error does not say.
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

    /// Whether the database refuses this user or its password, or the user lacks a right.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        let code = self.reported().and_then(code).unwrap_or_default();
        ["28P01", "28000", "3D000", "42501"].contains(&&*code)
    }
}
