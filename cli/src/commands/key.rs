//! `waybill key`.

use std::io::Write as _;

use waybill_api::{KeysView, Resealed, SealRequest};
use waybill_shared::sealed::Inventory;
use waybill_shared::sealing::Keys;

use crate::args;
use crate::client;
use crate::failure::Failure;
use crate::keys;
use crate::new_file::NewFile;
use crate::output;
use crate::private;
use crate::target::Target;

/// Runs the subcommand.
pub(crate) async fn run(arguments: args::Key) -> Result<(), Failure> {
    match arguments {
        args::Key::New(new) => {
            let file = NewFile::at(&new.file)?;
            let (line, id) = Keys::draw().map_err(Failure::ours)?;
            file.write(&format!("{line}\n"))?;
            output::talk(
                "keep a copy apart from the database and its backups: without the key their \
                 secrets cannot be read",
            );
            output::data(&format!("key {id} is in {}\n", new.file.display()))
        }
        args::Key::Rotate(rotate) => renew(&rotate),
        args::Key::Seal(single) => seal(single).await,
        args::Key::List(single) => list(single).await,
    }
}

/// Puts a new key first in the file.
fn renew(rotate: &args::KeyRotate) -> Result<(), Failure> {
    let Some(path) = &rotate.data.key_file else {
        let hint =
            "name it with --key-file; if you use WAYBILL_KEY, add the new key as the first line";
        return Err(Failure::caller("no key file is named", hint));
    };
    // A file that cannot be parsed is not overwritten.
    let old = keys::of_file(path)?.ids();
    let text = private::read(path)?;
    let (line, id) = Keys::draw().map_err(Failure::ours)?;
    let written = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut file =
            tempfile::NamedTempFile::new_in(folder.unwrap_or(std::path::Path::new(".")))?;
        file.write_all(format!("{line}\n{text}").as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    written().map_err(|error: std::io::Error| {
        Failure::caller(
            format!("{}: {error}", path.display()),
            "make the file and its folder writable",
        )
    })?;
    output::talk(
        "let every process read it again (SIGHUP, or a restart), then run `waybill key seal`; \
         keep a copy of the file",
    );
    output::data(&format!("key {id} is new, before {}\n", old.join(", ")))
}

async fn seal(single: args::Single) -> Result<(), Failure> {
    let target = Target::of(&single.data)?;
    // The service may not have reloaded its keys, so the request names the key that this process
    // uses.
    let key = target.keys.current().filter(|_| target.server.is_none());
    let done: Resealed = client::post(&target, "/v1/keys/seal", &SealRequest { key }).await?;
    if single.json {
        return output::json(&done);
    }
    let Resealed { key, sealed, values } = done;
    let others = values.sealed.keys().filter(|other| **other != key).cloned().collect::<Vec<_>>();
    if !others.is_empty() {
        output::talk(&format!(
            "some values stay sealed by {}, which the service does not have",
            others.join(", ")
        ));
    }
    output::data(&format!("{sealed} consignees and webhooks were sealed by key {key}\n"))
}

async fn list(single: args::Single) -> Result<(), Failure> {
    let view: KeysView = client::get(&Target::of(&single.data)?, "/v1/keys").await?;
    if single.json {
        return output::json(&view);
    }
    let KeysView { keys, values: Inventory { plain, sealed } } = view;
    let mut rows = Vec::new();
    for (place, key) in keys.iter().enumerate() {
        let state = if place == 0 { "seals" } else { "opens" };
        let count = sealed.get(key).copied().unwrap_or(0);
        rows.push(vec![key.clone(), state.to_owned(), count.to_string()]);
    }
    for (key, count) in sealed.iter().filter(|(key, _)| !keys.contains(key)) {
        rows.push(vec![key.clone(), "not in the key file".to_owned(), count.to_string()]);
    }
    rows.push(vec!["(none)".to_owned(), "plain text".to_owned(), plain.to_string()]);
    output::data(&output::table(&["KEY", "STATE", "VALUES"], &rows))
}
