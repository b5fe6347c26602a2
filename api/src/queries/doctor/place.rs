//! The folder: the free space on its disk, and who can read it.

use std::path::Path;

use super::finding::{Finding, bytes};

/// The free space, in bytes, below which somebody should look.
const LITTLE: i64 = 2 << 30;

/// The free space, in bytes, below which the service is in danger.
const TOO_LITTLE: i64 = 200 << 20;

/// Checks `folder`.
pub(super) fn examine(folder: &Path) -> Vec<Finding> {
    if !folder.exists() {
        let seen = format!("{} does not exist yet", folder.display());
        return vec![Finding::ok("folder", seen)];
    }
    vec![disk(folder), modes(folder)]
}

fn disk(folder: &Path) -> Finding {
    let found = match rustix::fs::statvfs(folder) {
        Ok(found) => found,
        Err(error) => {
            let mend = "name a readable folder with --data";
            return Finding::bad("disk", format!("{}: {error}", folder.display()), mend);
        }
    };
    let size = |blocks: u64| i64::try_from(blocks.saturating_mul(found.f_frsize));
    let free = size(found.f_bavail).unwrap_or(i64::MAX);
    let of = size(found.f_blocks).unwrap_or(i64::MAX);
    let seen = format!("{} free of {}", bytes(free), bytes(of));
    let mend = format!("free some space on the disk of {}", folder.display());
    match free {
        ..TOO_LITTLE => Finding::bad("disk", seen, mend),
        TOO_LITTLE..LITTLE => Finding::warn("disk", seen, mend),
        LITTLE.. => Finding::ok("disk", seen),
    }
}

/// Checks that only the owner can read the folder and open the socket, because whoever does is the operator.
fn modes(folder: &Path) -> Finding {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| {
        let found = std::fs::symlink_metadata(path).ok()?;
        Some(found.permissions().mode() & 0o777)
    };
    let socket = folder.join("waybill.sock");
    let mut seen = Vec::new();
    for (path, wanted) in [(folder, 0o700), (&socket, 0o600)] {
        let Some(mode) = mode(path) else { continue };
        if mode & 0o077 != 0 {
            let found = format!("{} can be read by other users (mode {mode:o})", path.display());
            let mend = format!("chmod {wanted:o} {}", path.display());
            return Finding::bad("modes", found, mend);
        }
        seen.push(format!("{} {mode:o}", path.display()));
    }
    Finding::ok("modes", seen.join(", "))
}
