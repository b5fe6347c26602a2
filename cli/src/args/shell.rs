//! Options of commands for the shell: completions, manual pages and trust.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// A shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// GNU Bash.
    Bash,
    /// The Z shell.
    Zsh,
    /// Fish.
    Fish,
}

/// `waybill explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill explain smallest_lot
  waybill explain money_exhausted
  waybill explain lot.ordered")]
pub(crate) struct Explain {
    /// A column, key, state, reason, event, command, option or metric.
    #[arg(allow_hyphen_values = true)]
    pub(crate) term: String,
}

/// `waybill completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill completions bash > waybill.bash
  waybill completions zsh > _waybill
  waybill completions fish > waybill.fish")]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// `waybill man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill man > waybill.1
  waybill man man/man1")]
pub(crate) struct Man {
    /// The folder for one page a command. Without it, the main page is printed.
    pub(crate) dir: Option<PathBuf>,
}

/// `waybill trust`.
#[derive(Debug, Args)]
#[command(
    long_about = "\
Trust the waybill.toml of this folder, as it is now, to name servers, stores and token files: a folder that comes from \
somebody else could name a server of theirs, which would get your token. Once the file changes, you are asked again.",
    after_help = "\
Examples:
  waybill trust"
)]
pub(crate) struct Trust {}
