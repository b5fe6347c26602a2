//! The options of accounts, webhooks and audits.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use ipnet::IpNet;
use waybill_shared::domain::account::{Role, Scope};

use super::{Listing, Reach, Single};

/// `waybill token`.
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Give an account: its token is shown once.
    Create(TokenCreate),
    /// List accounts, without their tokens.
    #[command(after_help = "\
Examples:
  waybill token list
  waybill token list --json")]
    List(Listing),
    /// Give an account a new token with the same rights; the old one ends.
    Rotate(TokenRotate),
    /// Revoke an account, at once.
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
    /// As what it acts.
    #[arg(value_parser = ROLES)]
    pub(crate) role: String,
    /// For whom: a party, an expert group, a supplier, or a consignee's code.
    #[arg(long = "for", env = "WAYBILL_FOR", value_name = "PARTY")]
    pub(crate) party: Option<String>,
    /// Who or what will use it; without, the role and the party.
    #[arg(long, env = "WAYBILL_NAME")]
    pub(crate) name: Option<String>,
    /// For how many days it holds; 0: until it is revoked.
    #[arg(long, env = "WAYBILL_DAYS", default_value_t = 365)]
    pub(crate) days: u32,
    /// How much of what the role may it may do: `read` is every GET.
    #[arg(long, env = "WAYBILL_SCOPE", value_parser = SCOPES, default_value = "all")]
    pub(crate) scope: String,
    /// Networks or addresses from which alone it may be used, such as 192.0.2.0/24.
    #[arg(long, env = "WAYBILL_NETWORK", value_delimiter = ',', value_name = "NET", value_parser = network)]
    pub(crate) network: Vec<IpNet>,
    /// Write the token into this new file, which only you can read, instead of printing it.
    #[arg(long, short, env = "WAYBILL_OUTPUT", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) single: Single,
}

/// The roles, by name.
const ROLES: [&str; Role::ALL.len()] = {
    let mut names = [""; Role::ALL.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = Role::ALL[i].name();
        i += 1;
    }
    names
};

/// The scopes, by name.
const SCOPES: [&str; Scope::ALL.len()] = {
    let mut names = [""; Scope::ALL.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = Scope::ALL[i].name();
        i += 1;
    }
    names
};

/// A network, or a single address.
fn network(text: &str) -> Result<IpNet, String> {
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| format!("`{text}` is no network: write 192.0.2.0/24 or 2001:db8::/32"))
}

/// `waybill token rotate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill token rotate 0123456789ab --output token
  waybill token rotate portal --overlap 1h")]
pub(crate) struct TokenRotate {
    /// The account's id, or its name.
    pub(crate) account: String,
    /// How long the old token holds beside the new one, such as 30m, 1h or 7d.
    #[arg(long, env = "WAYBILL_OVERLAP", value_name = "TIME", default_value = "0s", value_parser = seconds)]
    pub(crate) overlap: u32,
    /// For how many days the new one holds; 0: until it is revoked; without, as many as the old one was given.
    #[arg(long, env = "WAYBILL_DAYS")]
    pub(crate) days: Option<u32>,
    /// Write the token into this new file, which only you can read, instead of printing it.
    #[arg(long, short, env = "WAYBILL_OUTPUT", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) single: Single,
}

/// Seconds, of a length of time such as `1h`.
fn seconds(text: &str) -> Result<u32, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let wrong = || format!("`{text}` is no length of time: write 30m, 1h or 7d");
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
    /// The account's id, or its name.
    pub(crate) account: String,
    #[command(flatten)]
    pub(crate) single: Single,
}

/// `waybill webhook`.
#[derive(Debug, Subcommand)]
pub(crate) enum Webhook {
    /// Have events sent to an address; the secret that signs them is shown once.
    Create(WebhookCreate),
    /// List webhooks with how far each has come.
    #[command(after_help = "\
Examples:
  waybill webhook list
  waybill webhook list --csv")]
    List(Listing),
    /// Show what has not arrived, and the last attempts.
    #[command(after_help = "\
Examples:
  waybill webhook show wh_0123456789ab")]
    Show(WebhookId),
    /// Send a ping now, and say what became of it.
    #[command(after_help = "\
Examples:
  waybill webhook ping wh_0123456789ab")]
    Ping(WebhookId),
    /// Make a new secret; the one before signs beside it for a day.
    #[command(after_help = "\
Examples:
  waybill webhook rotate wh_0123456789ab > secret")]
    Rotate(WebhookId),
    /// Send again now what has not arrived, or a range of the log.
    Replay(WebhookReplay),
    /// Send nothing more, for good.
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
    /// The address, over https.
    pub(crate) url: String,
    /// Kinds of events, such as `lot.matched`, or the first part of several, such as `order`.
    #[arg(long, env = "WAYBILL_KINDS", value_delimiter = ',', value_name = "KIND")]
    pub(crate) kinds: Vec<String>,
    /// Only what is about money of this donor.
    #[arg(long, env = "WAYBILL_DONOR")]
    pub(crate) donor: Option<String>,
    /// Only what is about lines of this requester.
    #[arg(long, env = "WAYBILL_REQUESTER")]
    pub(crate) requester: Option<String>,
    /// Only what is about this line.
    #[arg(long, env = "WAYBILL_LINE")]
    pub(crate) line: Option<String>,
    /// The position of the log after which events are sent; without, what happens from now on.
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
    /// The first position of a range; without, everything that has not arrived.
    #[arg(long, env = "WAYBILL_FROM_POSITION", value_name = "POSITION")]
    pub(crate) from: Option<i64>,
    /// The last position of the range; without, only the first.
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
    /// Verify an exported log, or the one there is.
    Verify(AuditVerify),
    /// Hold access logs against the log of events: each change that came over the network is in them.
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
    /// All access logs that the services wrote.
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
    /// An exported log; without, the one in the data folder or at the service.
    pub(crate) file: Option<PathBuf>,
    /// The hash of a link that was kept elsewhere: it has to be in the log.
    #[arg(long, env = "WAYBILL_LINK", value_name = "HASH")]
    pub(crate) link: Option<String>,
    #[command(flatten)]
    pub(crate) single: Single,
}
