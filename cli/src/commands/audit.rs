//! `waybill audit`: exports the log as evidence that can be stored elsewhere and verified anywhere.

use std::collections::HashSet;
use std::io::BufRead as _;
use std::path::Path;

use waybill_api::AuditPage;
use waybill_shared::audit::{Exported, Verified, Verifier};
use waybill_shared::request_mark::Mark;

use crate::args;
use crate::client::Client;
use crate::exported::open;
use crate::failure::Failure;
use crate::output;
use crate::target::Target;
use waybill_shared::domain::kinds::RecordKind;

/// Runs the subcommand.
pub(crate) async fn run(arguments: args::Audit) -> Result<(), Failure> {
    match arguments {
        args::Audit::Export(export) => {
            let target = Target::of(&export.data)?;
            Client::with(&target, async |client| each(client, output::json_line).await).await
        }
        args::Audit::Access(access) => held_against(&access).await,
        args::Audit::Verify(verify) => {
            let verified = match &verify.file {
                Some(path) => of_file(path, verify.link)?,
                None => {
                    let target = Target::of(&verify.single.data)?;
                    let mut verifier = Verifier::wanting(verify.link);
                    Client::with(&target, async |client| {
                        each(client, |line| verifier.take(line).map_err(broken)).await
                    })
                    .await?;
                    verifier.verified().map_err(broken)?
                }
            };
            print(verified, verify.single.json)
        }
    }
}

/// A log that does not verify is a finding, not a mistake of the caller.
fn broken(error: waybill_shared::audit::AuditError) -> Failure {
    Failure::ours(error).hint("compare with an earlier export, and with `waybill check`")
}

/// Passes every line of the present log to `take`, page by page.
async fn each(
    client: &Client,
    mut take: impl FnMut(&Exported) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut after = 0;
    client.settle().await?;
    loop {
        let path = format!("/v1/audit?after={after}&limit=1000");
        let AuditPage { events, links, position } = client.get(&path).await?;
        if events.is_empty() {
            return Ok(());
        }
        let mut links = links.into_iter().peekable();
        for event in events {
            let at = event.position;
            take(&Exported::Event(event))?;
            if let Some(link) = links.next_if(|link| link.position == at) {
                take(&Exported::Link(link))?;
            }
        }
        after = position;
    }
}

/// Compares access logs with the event log: every network request that changed something while they were written must
/// be in them, unaltered.
async fn held_against(access: &args::AuditAccess) -> Result<(), Failure> {
    let mut marks: HashSet<String> = HashSet::new();
    let mut lines = 0_u64;
    for path in &access.files {
        let name = path.display();
        let failed = |error: std::io::Error| {
            Failure::caller(format!("{name}: {error}"), "name files of `--access-log`")
        };
        for (number, line) in open(path).map_err(failed)?.lines().enumerate() {
            let written: Written =
                serde_json::from_str(&line.map_err(failed)?).map_err(|error| {
                    let message = format!("{name}, line {}: {error}", number + 1);
                    Failure::caller(message, "name files of `--access-log`")
                })?;
            lines += 1;
            if let Some(salt) = &written.salt {
                let Written { request, from, token, .. } = &written;
                marks.insert(
                    RecordKind::Request.subject(&Mark::of(salt, request, from, token).sha256),
                );
            }
        }
    }
    let target = Target::of(&access.data)?;
    let (mut there, mut missing) = (0_u64, Vec::new());
    Client::with(&target, async |client| {
        each(client, |line| {
            let Exported::Event(event) = line else { return Ok(()) };
            if event.subject.starts_with(&format!("{}:", RecordKind::Request)) {
                match marks.contains(&event.subject) {
                    true => there += 1,
                    false => missing.push((event.position, event.actor.clone())),
                }
            }
            Ok(())
        })
        .await
    })
    .await?;
    output::data(&format!("{lines} requests are logged, {there} of them changed something\n"))?;
    if missing.is_empty() {
        return Ok(());
    }
    for (position, actor) in missing.iter().take(20) {
        output::data(&format!("not in the access log: what {actor} changed at {position}\n"))?;
    }
    let message =
        format!("{} changes over the network do not match the access logs", missing.len());
    Err(Failure::ours(anyhow::anyhow!(message))
        .hint("name all access logs; if these are all, lines were changed or removed"))
}

/// The fields of a line in an access log that are compared with the event log.
#[derive(serde::Deserialize)]
struct Written {
    request: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    token: String,
    salt: Option<String>,
}

fn of_file(path: &Path, link: Option<String>) -> Result<Verified, Failure> {
    let name = path.display();
    let failed = |error: std::io::Error| {
        Failure::caller(format!("{name}: {error}"), "name a file that `waybill audit export` wrote")
    };
    let file = open(path).map_err(failed)?;
    let mut verifier = Verifier::wanting(link);
    for (number, line) in file.lines().enumerate() {
        let line = line.map_err(failed)?;
        let exported: Exported = serde_json::from_str(&line).map_err(|error| {
            let message = format!("{name}, line {}: {error}", number + 1);
            Failure::caller(message, "name a file that `waybill audit export` wrote")
        })?;
        verifier.take(&exported).map_err(broken)?;
    }
    verifier.verified().map_err(broken)
}

fn print(verified: Verified, json: bool) -> Result<(), Failure> {
    if json {
        return output::json(&verified);
    }
    let Verified { events, links, unproven, head } = verified;
    let rest = match unproven {
        0 => String::new(),
        rest => format!("; the last {rest}, after the last link, are not proven yet"),
    };
    output::talk(
        "keep the last link elsewhere: with --link it proves that nothing before it was changed",
    );
    output::data(&format!("{events} events verify against {links} links{rest}\n{head}\n"))
}
