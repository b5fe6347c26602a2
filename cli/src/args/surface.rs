//! Options of commands about accounts, webhooks and audits.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use ipnet::IpNet;
use waybill_shared::domain::account::{Role, Scope};

use super::{Listing, Reach, Single};

/// `waybill token`.
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Create an account. Its token is shown once.
    Create(TokenCreate),
    /// List accounts, without their tokens.
    #[command(after_help = "\
Examples:
  waybill token list
  waybill token list --json")]
    List(Listing),
    /// Give an account a new token with the same rights. The old token ends.
    Rotate(TokenRotate),
    /// Revoke an account at once.
    Revoke(TokenRevoke),
}

/// `waybill token create`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill token create requester --for UA-MOD-IT --output token
  waybill token create auditor --days 30 --json
  waybill token create donor --for LU --scope read --network 192.0.2.0/24")]
pub(crate) struct TokenCreate {
    /// The role of the account.
    #[arg(value_parser = ROLES)]
    pub(crate) role: String,
    /// Who it acts for: a party, an expert group, a supplier, or a consignee's code.
    #[arg(long = "for", env = "WAYBILL_FOR", value_name = "PARTY")]
    pub(crate) party: Option<String>,
    /// Who or what will use it; by default the role and the party.
    #[arg(long, env = "WAYBILL_NAME")]
    pub(crate) name: Option<String>,
    /// For how many days it is valid. 0 means until it is revoked.
    #[arg(long, env = "WAYBILL_DAYS", default_value_t = 365)]
    pub(crate) days: u32,
    /// How much of what the role may do it may do. `read` allows every GET.
    #[arg(long, env = "WAYBILL_SCOPE", value_parser = SCOPES, default_value = "all")]
    pub(crate) scope: String,
    /// The only networks or addresses from which it may be used, such as 192.0.2.0/24.
    #[arg(long, env = "WAYBILL_NETWORK", value_delimiter = ',', value_name = "NET", value_parser = network)]
    pub(crate) network: Vec<IpNet>,
    /// Write the token to this new file, which only you can read, instead of printing it.
    #[arg(long, short, env = "WAYBILL_OUTPUT", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) single: Single,
}

/// The names of the roles.
const ROLES: [&str; Role::ALL.len()] = {
    let mut names = [""; Role::ALL.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = Role::ALL[i].name();
        i += 1;
    }
    names
};

/// The names of the scopes.
const SCOPES: [&str; Scope::ALL.len()] = {
    let mut names = [""; Scope::ALL.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = Scope::ALL[i].name();
        i += 1;
    }
    names
};

/// Reads a network, or a single address.
fn network(text: &str) -> Result<IpNet, String> {
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| format!("`{text}` is not a network: write 192.0.2.0/24 or 2001:db8::/32"))
}

/// `waybill token rotate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill token rotate 0123456789ab --output token
  waybill token rotate portal --overlap 1h")]
pub(crate) struct TokenRotate {
    /// The account's id or name.
    pub(crate) account: String,
    /// How long the old token stays valid next to the new one, such as 30m, 1h or 7d.
    #[arg(long, env = "WAYBILL_OVERLAP", value_name = "TIME", default_value = "0s", value_parser = seconds)]
    pub(crate) overlap: u32,
    /// For how many days the new token is valid. 0 means until it is revoked. By default as many as the old one had.
    #[arg(long, env = "WAYBILL_DAYS")]
    pub(crate) days: Option<u32>,
    /// Write the token to this new file, which only you can read, instead of printing it.
    #[arg(long, short, env = "WAYBILL_OUTPUT", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) single: Single,
}

/// Reads a length of time such as `1h`, in seconds.
fn seconds(text: &str) -> Result<u32, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let wrong = || format!("`{text}` is not a length of time: write 30m, 1h or 7d");
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        _ => return Err(wrong()),
    };
    number.parse::<u32>().ok().and_then(|number| number.checked_mul(seconds)).ok_or_else(wrong)
}

/// `waybill token revoke`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill token revoke 0123456789ab")]
pub(crate) struct TokenRevoke {
    /// The account's id or name.
    pub(crate) account: String,
    #[command(flatten)]
    pub(crate) single: Single,
}

/// `waybill webhook`.
#[derive(Debug, Subcommand)]
pub(crate) enum Webhook {
    /// Send events to an address. The secret that signs them is shown once.
    Create(WebhookCreate),
    /// List webhooks, with the position that each has reached.
    #[command(after_help = "\
Examples:
  waybill webhook list
  waybill webhook list --csv")]
    List(Listing),
    /// Show what has not been delivered, and the last attempts.
    #[command(after_help = "\
Examples:
  waybill webhook show wh_0123456789ab")]
    Show(WebhookId),
    /// Send a ping now, and show the result.
    #[command(after_help = "\
Examples:
  waybill webhook ping wh_0123456789ab")]
    Ping(WebhookId),
    /// Create a new secret. The old secret also signs for one more day.
    #[command(after_help = "\
Examples:
  waybill webhook rotate wh_0123456789ab > secret")]
    Rotate(WebhookId),
    /// Send undelivered events again now, or a range of the log.
    Replay(WebhookReplay),
    /// Remove a webhook for good.
    #[command(after_help = "\
Examples:
  waybill webhook remove wh_0123456789ab")]
    Remove(WebhookId),
}

/// `waybill webhook create`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill webhook create https://example.org/waybill --kinds lot,order > secret
  waybill webhook create https://example.org/waybill --donor LU --after 0")]
pub(crate) struct WebhookCreate {
    /// The address; it must use https.
    pub(crate) url: String,
    /// Kinds of events, such as `lot.matched`, or the first part of several kinds, such as `order`.
    #[arg(long, env = "WAYBILL_KINDS", value_delimiter = ',', value_name = "KIND")]
    pub(crate) kinds: Vec<String>,
    /// Only events about this donor's money.
    #[arg(long, env = "WAYBILL_DONOR")]
    pub(crate) donor: Option<String>,
    /// Only events about this requester's lines.
    #[arg(long, env = "WAYBILL_REQUESTER")]
    pub(crate) requester: Option<String>,
    /// Only events about this line.
    #[arg(long, env = "WAYBILL_LINE")]
    pub(crate) line: Option<String>,
    /// Send events after this position of the log; by default only new events.
    #[arg(long, env = "WAYBILL_AFTER")]
    pub(crate) after: Option<i64>,
    #[command(flatten)]
    pub(crate) single: Single,
}

/// A webhook by its id.
#[derive(Debug, Args)]
pub(crate) struct WebhookId {
    /// The webhook's id.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) single: Single,
}

/// `waybill webhook replay`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill webhook replay wh_0123456789ab
  waybill webhook replay wh_0123456789ab --from 100 --to 200")]
pub(crate) struct WebhookReplay {
    /// The webhook's id.
    pub(crate) id: String,
    /// The first position of a range; by default everything that has not been delivered.
    #[arg(long, env = "WAYBILL_FROM_POSITION", value_name = "POSITION")]
    pub(crate) from: Option<i64>,
    /// The last position of the range; by default only the first.
    #[arg(long, env = "WAYBILL_TO_POSITION", value_name = "POSITION", requires = "from")]
    pub(crate) to: Option<i64>,
    #[command(flatten)]
    pub(crate) single: Single,
}

/// `waybill audit`.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Write the log as JSON lines, with the links of its hash chain.
    Export(AuditExport),
    /// Verify an exported log, or the present one.
    Verify(AuditVerify),
    /// Compare access logs with the event log: every change over the network must be in them.
    Access(AuditAccess),
}

/// `waybill audit access`.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 if all are there, 2 if lines were changed or are missing.

Examples:
  waybill audit access access.jsonl
  waybill audit access access.jsonl.1 access.jsonl")]
pub(crate) struct AuditAccess {
    /// All access logs that the services have written.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) data: Reach,
}

/// `waybill audit export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill audit export > log.jsonl")]
pub(crate) struct AuditExport {
    #[command(flatten)]
    pub(crate) data: Reach,
}

/// `waybill audit verify`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill audit verify log.jsonl
  waybill audit verify")]
pub(crate) struct AuditVerify {
    /// An exported log; by default the one in the data folder or of the service.
    pub(crate) file: Option<PathBuf>,
    /// The hash of a link that was stored elsewhere. The log must contain it.
    #[arg(long, env = "WAYBILL_LINK", value_name = "HASH")]
    pub(crate) link: Option<String>,
    #[command(flatten)]
    pub(crate) single: Single,
}
