//! Options of `waybill key`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Data, Single};

/// `waybill key`.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Create a key in a new file.
    New(KeyNew),
    /// Put a new key before those in --key-file. The old keys still open what they have sealed.
    Rotate(KeyRotate),
    /// Seal with the first key all values that are in plain text or sealed with another key.
    #[command(after_help = "\
Examples:
  waybill key seal --key-file waybill-key")]
    Seal(Single),
    /// List the keys, and how many values each has sealed.
    #[command(after_help = "\
Examples:
  waybill key list
  waybill key list --json")]
    List(Single),
}

/// `waybill key new`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill key new waybill-key")]
pub(crate) struct KeyNew {
    /// The new file. Only you can read it.
    pub(crate) file: PathBuf,
}

/// `waybill key rotate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill key rotate --key-file waybill-key")]
pub(crate) struct KeyRotate {
    #[command(flatten)]
    pub(crate) data: Data,
}
