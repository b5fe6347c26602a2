//! Who the caller is, and what that caller may do and see.

mod caller;
mod log;
mod table;
mod token;

pub use caller::Caller;
pub(crate) use caller::{AccessEntry, Named, authenticate, by_token, is_local, may};
pub use log::AccessLog;
pub(crate) use log::{Seen, Written};
pub use table::{Allowed, ROUTES};
pub use token::check_token;
pub(crate) use token::issue;
