//! Reads options from the command line, the environment, and `waybill.toml`.

use std::path::{Path, PathBuf};

use clap::{CommandFactory, FromArgMatches};

use super::Arguments;
use super::groups::grouped;
use super::trust;
use crate::failure::Failure;

/// The settings file, read from the current folder.
pub(crate) const FILE: &str = "waybill.toml";

/// Commands that work without trust in the settings file, because they access nothing that it names.
const HARMLESS: [&str; 6] = ["trust", "completions", "man", "help", "--version", "-V"];

/// Reads the command line. The inner error is a usage message: requested help, or a mistake.
pub(crate) fn read() -> Result<Result<Arguments, clap::Error>, Failure> {
    let matches = with_defaults_of_file()?.try_get_matches();
    Ok(matches.and_then(|matches| Arguments::from_arg_matches(&matches)))
}

/// The command line's definition, with defaults from `waybill.toml`. A variable with `_FILE` names a file with the
/// default and overrides that: `WAYBILL_STORE_FILE` for `WAYBILL_STORE`, so that secrets can be in files.
fn with_defaults_of_file() -> Result<clap::Command, Failure> {
    let text = match std::fs::read_to_string(FILE) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Failure::caller(format!("{FILE}: {error}"), "")),
    };
    let mut file: toml::Table =
        toml::from_str(&text).map_err(|error| Failure::caller(format!("{FILE}: {error}"), ""))?;
    choose_context(&mut file)?;
    let mut command = grouped(Arguments::command());
    let mut known: Vec<String> = Vec::new();
    let mut unread: Option<Failure> = None;
    let names: Vec<String> =
        command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        command =
            command.mut_subcommand(name, |sub| with_defaults(sub, &file, &mut known, &mut unread));
    }
    if let Some(failure) = unread {
        return Err(failure);
    }
    if let Some(key) = file.keys().find(|key| !known.contains(key)) {
        let hint = format!("use the names of options as keys: {}", known_list(&known));
        return Err(Failure::caller(format!("{FILE}: there is no option `{key}`"), hint));
    }
    let mut arguments = std::env::args().skip(1).peekable();
    let is_harmless = arguments.peek().is_some_and(|first| HARMLESS.contains(&&**first));
    if !is_harmless && !arguments.any(|argument| ["--help", "-h"].contains(&&*argument)) {
        trust::check(Path::new(FILE), &text, &file)?;
    }
    Ok(command)
}

/// Replaces the general options by those of the chosen context.
fn choose_context(file: &mut toml::Table) -> Result<(), Failure> {
    let contexts = match file.remove("contexts") {
        Some(toml::Value::Table(contexts)) => contexts,
        Some(_) => return Err(Failure::caller(format!("{FILE}: `contexts` is not a table"), "")),
        None => toml::Table::new(),
    };
    let named = file.remove("context").and_then(|name| name.as_str().map(str::to_owned));
    let Some(name) = context_of(std::env::args()).or(named) else { return Ok(()) };
    let Some(toml::Value::Table(context)) = contexts.get(&name) else {
        let names: Vec<&str> = contexts.keys().map(String::as_str).collect();
        let hint = format!("add [contexts.{name}], or use one of: {}", names.join(", "));
        return Err(Failure::caller(format!("{FILE} has no context `{name}`"), hint));
    };
    file.extend(context.clone());
    Ok(())
}

/// The context that the command line or the environment names. It must be known before the command line can be
/// parsed.
fn context_of(mut arguments: impl Iterator<Item = String>) -> Option<String> {
    while let Some(argument) = arguments.next() {
        if argument == "--context" {
            return arguments.next();
        }
        if let Some(name) = argument.strip_prefix("--context=") {
            return Some(name.to_owned());
        }
    }
    std::env::var("WAYBILL_CONTEXT").ok()
}

/// Sets the defaults of a command and of its subcommands.
fn with_defaults(
    mut command: clap::Command,
    file: &toml::Table,
    known: &mut Vec<String>,
    unread: &mut Option<Failure>,
) -> clap::Command {
    let names: Vec<String> =
        command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, |sub| with_defaults(sub, file, known, unread));
    }
    command.mut_args(|arg| {
        let Some(key) = arg.get_long().map(str::to_owned) else { return arg };
        known.push(key.clone());
        match of_file(&arg) {
            // The help must not show a secret from a file.
            Ok(Some(value)) => return arg.default_value(value).hide_default_value(true),
            Ok(None) => {}
            Err(failure) => *unread = Some(failure),
        }
        match file.get(&key) {
            // A URL may contain a password, so the help must not show it either.
            Some(toml::Value::String(value)) if value.contains("://") => {
                arg.default_value(value.clone()).hide_default_value(true)
            }
            Some(toml::Value::String(value)) => arg.default_value(value.clone()),
            None => arg,
            Some(value) => arg.default_value(value.to_string()),
        }
    })
}

/// Whether the command line names data on this machine and no remote service. That overrides a service in the
/// environment or the file.
pub(crate) fn names_data() -> bool {
    let names = |option: &str| {
        let with_value = format!("{option}=");
        std::env::args().any(|argument| argument == option || argument.starts_with(&with_value))
    };
    (names("--data") || names("--store")) && !names("--server")
}

/// The content of the file that the variable of `arg` with `_FILE` names.
fn of_file(arg: &clap::Arg) -> Result<Option<String>, Failure> {
    let Some(name) = arg.get_env() else { return Ok(None) };
    let name = format!("{}_FILE", name.to_string_lossy());
    let Some(path) = std::env::var_os(&name) else { return Ok(None) };
    let path = PathBuf::from(path);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let message = format!("{}: {error}", path.display());
        Failure::caller(message, format!("name a file that can be read with {name}"))
    })?;
    Ok(Some(text.trim_end().to_owned()))
}

fn known_list(known: &[String]) -> String {
    let mut names: Vec<&str> = known.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}
