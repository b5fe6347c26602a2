//! `waybill completions`, `man` and `trust`.

use std::path::Path;

use clap::CommandFactory as _;

use crate::args::trust;
use crate::args::{self, Arguments};
use crate::failure::Failure;
use crate::output;

pub(crate) fn completions(arguments: &args::Completions) -> Result<(), Failure> {
    let shell = match arguments.shell {
        args::Shell::Bash => clap_complete::Shell::Bash,
        args::Shell::Zsh => clap_complete::Shell::Zsh,
        args::Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "waybill", &mut script);
    output::data(&String::from_utf8_lossy(&script))
}

pub(crate) fn man(arguments: &args::Man) -> Result<(), Failure> {
    let Some(dir) = &arguments.dir else {
        let mut page = Vec::new();
        let man = clap_mangen::Man::new(Arguments::command());
        man.render(&mut page).map_err(Failure::ours)?;
        return output::data(&String::from_utf8_lossy(&page));
    };
    let pages = write(dir).map_err(|error| {
        let message = format!("{}: {error}", dir.display());
        Failure::caller(message, "name a folder that can be written")
    })?;
    output::talk(&format!("{pages} pages are in {}", dir.display()));
    Ok(())
}

fn write(dir: &Path) -> Result<usize, std::io::Error> {
    std::fs::create_dir_all(dir)?;
    clap_mangen::generate_to(Arguments::command(), dir)?;
    let is_page = |entry: &Result<std::fs::DirEntry, std::io::Error>| {
        entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some_and(|e| e == "1"))
    };
    Ok(std::fs::read_dir(dir)?.filter(is_page).count())
}

pub(crate) fn trust() -> Result<(), Failure> {
    trust::trust(Path::new(args::SETTINGS))?;
    output::data("the waybill.toml of this folder is trusted, as it is now\n")
}
