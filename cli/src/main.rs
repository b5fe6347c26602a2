//! `waybill`: carries each requested item from a stated priority to a confirmed delivery.

mod archived;
mod args;
mod certificate;
mod client;
mod commands;
mod door;
mod exported;
mod keys;
mod listen;
mod new_file;
mod output;
mod patience;
mod private;
mod reading;
mod reload;
mod report;
mod service;
mod signals;
mod stating;
mod target;
mod with_archive;

use std::process::ExitCode;
use std::time::Duration;

pub(crate) use crate::output::failure;

use crate::args::{Arguments, Command};
use crate::failure::Failure;
use crate::output::traces::Traces;

/// Batches consist of many small allocations that one thread makes and another frees. With this
/// allocator, throughput is about a sixth higher than with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Created files hold confidential data, so others may not read them, whatever umask the shell
    // sets.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let arguments = match args::read() {
        Ok(Ok(arguments)) => arguments,
        Ok(Err(usage)) => return output::usage(&usage),
        Err(failure) => return failure.report(),
    };
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let (is_service, otlp) = match &arguments.command {
        Command::Serve(serve) => (true, serve.otlp.clone()),
        Command::Scheduler(scheduler) => (true, scheduler.otlp.clone()),
        Command::Api(api) => (true, api.otlp.clone()),
        Command::Worker(worker) => (true, worker.otlp.clone()),
        _ => (false, None),
    };
    if !arguments.with_archive.is_empty() {
        if !arguments.command.is_question() {
            let hint = "use it with commands that only read, such as `waybill show`";
            return Err(Failure::caller("this command does not accept --with-archive", hint));
        }
        with_archive::named(arguments.with_archive);
    }
    if is_service {
        listen::raise_files();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::ours(anyhow::Error::new(error).context("could not start")))?;
    let traces = otlp.map(|url| Traces::to(&url, runtime.handle().clone())).transpose()?;
    output::set(output::Look { is_utc: arguments.utc, is_quiet: arguments.quiet });
    // The log would overwrite a live view.
    if !matches!(arguments.command, Command::Watch(_)) {
        output::log(arguments.verbose, is_service, traces.as_ref());
    }
    let done = runtime.block_on(async {
        match arguments.command {
            Command::Run(run) => commands::run::run(run).await,
            Command::Serve(serve) => commands::serve::run(serve).await,
            Command::Scheduler(scheduler) => commands::roles::scheduler(scheduler).await,
            Command::Api(api) => commands::roles::api(api).await,
            Command::Worker(worker) => commands::roles::worker(worker).await,
            Command::Init(init) => commands::init::run(init),
            Command::Import(import) => commands::import::run(import).await,
            Command::Status(status) => commands::status::run(status).await,
            Command::Todo(todo) => commands::todo::run(todo).await,
            Command::Lots(lots) => commands::lots::run(lots).await,
            Command::Lines(lines) => commands::lines::run(lines).await,
            Command::Incidents(incidents) => commands::incidents::run(incidents).await,
            Command::Show(show) => commands::show::run(show).await,
            Command::Events(events) => commands::events::run(events).await,
            Command::Why(why) => commands::why::run(why).await,
            Command::Watch(watch) => commands::watch::run(watch).await,
            Command::Submit(submit) => commands::by_hand::submit(submit).await,
            Command::Review(review) => commands::by_hand::review(review).await,
            Command::Consent(consent) => commands::by_hand::consent(consent).await,
            Command::InKind(in_kind) => commands::by_hand::in_kind(in_kind).await,
            Command::Surplus(surplus) => commands::by_hand::surplus(surplus).await,
            Command::Rank(rank) => commands::by_hand::rank(rank).await,
            Command::Amend(fields) => commands::by_hand::amend(fields).await,
            Command::Reopen(reopen) => commands::by_hand::reopen(reopen).await,
            Command::Correct(fields) => commands::by_hand::correct(fields).await,
            Command::Pause(pause) => commands::by_hand::pause(pause).await,
            Command::Unpause(unpause) => commands::by_hand::unpause(unpause).await,
            Command::Hold(on) => commands::by_hand::hold(on).await,
            Command::Resume(on) => commands::by_hand::resume(on).await,
            Command::Retry(on) => commands::by_hand::retry(on).await,
            Command::Cancel(on) => commands::by_hand::cancel(on).await,
            Command::Split(split) => commands::by_hand::split(split).await,
            Command::Merge(merge) => commands::by_hand::merge(merge).await,
            Command::Redirect(redirect) => commands::by_hand::redirect(redirect).await,
            Command::Order(order) => commands::by_hand::order(order).await,
            Command::Despatch(despatch) => commands::by_hand::despatch(despatch).await,
            Command::Receive(receive) => commands::by_hand::receive(receive).await,
            Command::Pay(pay) => commands::by_hand::pay(pay).await,
            Command::Claim(claim) => commands::by_hand::claim(claim).await,
            Command::Contribute(given) => commands::by_hand::contribute(given).await,
            Command::Commit(given) => commands::by_hand::commit(given).await,
            Command::Withdraw(withdraw) => commands::by_hand::withdraw(withdraw).await,
            Command::Reinstate(given) => commands::by_hand::reinstate(given).await,
            Command::Deposit(deposit) => commands::by_hand::deposit(deposit).await,
            Command::Member(member) => commands::by_hand::member(member).await,
            Command::Offer(offer) => commands::by_hand::offer(offer).await,
            Command::Note(note) => commands::by_hand::note(note).await,
            Command::Attach(attach) => commands::by_hand::attach(attach).await,
            Command::Incident(incident) => commands::by_hand::incident(incident).await,
            Command::Money(money) => commands::money::run(money).await,
            Command::Arrivals(arrivals) => commands::arrivals::run(arrivals).await,
            Command::LeadTimes(times) => commands::lead_times::run(times).await,
            Command::Report(report) => commands::report::run(report).await,
            Command::Token(token) => commands::token::run(token).await,
            Command::Key(key) => commands::key::run(key).await,
            Command::Webhook(webhook) => commands::webhook::run(webhook).await,
            Command::Audit(audit) => commands::audit::run(audit).await,
            Command::Check(check) => commands::check::run(check).await,
            Command::Backup(backup) => commands::backup::run(backup).await,
            Command::Restore(restore) => commands::restore::run(restore).await,
            Command::Export(export) => commands::export::run(export).await,
            Command::Archive(archive) => commands::archive::run(archive).await,
            Command::Migrate(migrate) => commands::migrate::run(migrate).await,
            Command::Clock(clock) => commands::clock::run(clock).await,
            Command::Cron(cron) => commands::cron::run(cron).await,
            Command::Doctor(doctor) => commands::doctor::run(doctor).await,
            Command::Plan(plan) => commands::plan::run(plan).await,
            Command::Match(instance) => commands::matching::run(instance).await,
            Command::Health(health) => commands::health::run(health).await,
            Command::Bench(bench) => commands::bench::run(bench).await,
            Command::Trust(_) => commands::shell::trust(),
            Command::Explain(explain) => commands::explain::run(&explain),
            Command::Completions(completions) => commands::shell::completions(&completions),
            Command::Man(man) => commands::shell::man(&man),
        }
    });
    with_archive::end();
    if let Some(traces) = traces {
        traces.end();
    }
    // A thread that still waits for a client or a disk must not delay the exit.
    runtime.shutdown_timeout(Duration::from_millis(500));
    done
}
