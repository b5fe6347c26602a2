//! The options of keys.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Data, Single};

/// `waybill key`.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key, in a new file.
    New(KeyNew),
    /// Put a new key before those of --key-file; they go on opening what they have sealed.
    Rotate(KeyRotate),
    /// Seal by the first key what is in plain text or sealed by another.
    #[command(after_help = "\
Examples:
  waybill key seal --key-file waybill-key")]
    Seal(Single),
    /// List keys, and how many values each has sealed.
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
    /// The new file, which only you can read.
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
