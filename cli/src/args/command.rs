//! The commands, with their descriptions and examples.

use clap::Subcommand;

use super::{
    Api, Archive, Arrivals, Attach, Audit, Backup, Bench, Check, Claim, Clock, Completions,
    Consent, Contribute, Cron, Deposit, Despatch, Doctor, Events, Explain, Export, Fields, Health,
    Import, InKind, Incident, Incidents, Init, Key, LeadTimes, Lines, Lots, Man, Match, Member,
    Merge, Migrate, Money, Note, Offer, OnLots, Order, Pause, Pay, Plan, Rank, Receive, Redirect,
    Reinstate, Reopen, Report, Restore, Review, Run, Scheduler, Serve, Show, Split, Status, Submit,
    Surplus, Todo, Token, Trust, Unpause, Watch, Webhook, Why, Withdraw, Worker,
};

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Import a coalition's folder, run it on virtual time to its end, and report.
    Run(Run),
    /// Run all roles in real time, until SIGTERM.
    Serve(Serve),
    /// Run only scheduling and dispatch, on Postgres and RabbitMQ. One of several schedulers leads.
    Scheduler(Scheduler),
    /// Run only steps and jobs, on Postgres and RabbitMQ. There can be any number of workers.
    Worker(Worker),
    /// Serve only the API, on Postgres and RabbitMQ. There can be any number of them.
    Api(Api),
    /// Create a coalition to start with: a folder of commented files, or a workbook.
    Init(Init),
    /// Import requisitions from a file, a coalition's folder or workbook, or a whole database.
    Import(Import),
    /// Show whether all is well: the service, where lots are, incidents, money that lapses.
    Status(Status),
    /// List who must act today, and since when.
    Todo(Todo),
    /// List lots: where each is, for how long, and why.
    Lots(Lots),
    /// List lines: what was requested, where it is, when it arrives.
    Lines(Lines),
    /// List what could not be done, by cause, and how to fix it.
    Incidents(Incidents),
    /// Show a lot, line, order, contribution or party with everything that happened to it.
    Show(Show),
    /// List what happened, in order, and follow what happens next.
    Events(Events),
    /// Explain who pays for a lot and why, or what it lacks.
    Why(Why),
    /// Watch what happens on the whole screen, and fix problems with single keys.
    Watch(Watch),
    /// Submit lines: a file, or one line by its fields or by answering questions.
    #[command(after_help = "\
Fields of a line, and columns of a file:
  external_id requester item kind classification quantity unit unit_estimate
  currency class rank requested consignee; where there is something to say:
  description scheme needed_by smallest_lot together tolerance_per_mille source

Examples:
  waybill submit examples/it-coalition/amendments.csv --dry-run
  waybill submit examples/it-coalition/requisitions.csv --partial")]
    Submit(Submit),
    /// Submit what an expert group decided about lots.
    #[command(subcommand)]
    Review(Review),
    /// Submit what a donor decided about the use of its money.
    #[command(subcommand)]
    Consent(Consent),
    /// Submit what a requester decided about goods in kind.
    #[command(subcommand)]
    InKind(InKind),
    /// Decide what happens to goods that were delivered beyond the ordered quantity.
    #[command(subcommand)]
    Surplus(Surplus),
    /// Change a line's place in the list.
    #[command(after_help = "\
Examples:
  waybill rank REQ-2024-12/5 1 -m 'agreed by the steering group'
  waybill rank REQ-2024-12/5 1 --class 2 --dry-run")]
    Rank(Rank),
    /// Change what a line asks for. Lots that are not ordered are validated again.
    #[command(after_help = "\
Examples:
  waybill amend REQ-2024-01/5 quantity=100 needed_by=2027-06-30 --dry-run
  waybill amend REQ-2024-01/5 quantity=100 needed_by=2027-06-30")]
    Amend(Fields),
    /// Validate the declined or returned lots of a line again, after a rule or reference data has changed.
    #[command(after_help = "\
Examples:
  waybill reopen REQ-2024-10/1 --dry-run
  waybill reopen REQ-2024-10/2 -m 'the code is known now'")]
    Reopen(Reopen),
    /// Correct details of a line that do not change what it asks for.
    #[command(after_help = "\
Examples:
  waybill correct REQ-2024-01/5 'description=For meeting rooms' source=letter")]
    Correct(Fields),
    /// Stop automatic work until it is unpaused: all of it, a step, a supplier, the calendar, webhooks.
    #[command(after_help = "\
Examples:
  waybill pause
  waybill pause all -m 'restored from last night'
  waybill pause supplier:SUP-10 -m 'prices are being asked'")]
    Pause(Pause),
    /// Let paused work go on.
    #[command(after_help = "\
Examples:
  waybill unpause all")]
    Unpause(Unpause),
    /// Hold lots until they are resumed. They keep their rank, but not their money.
    #[command(after_help = "\
Examples:
  waybill hold LOT-005 -m 'asked the ministry'
  waybill hold --awaits funding --class 3 --dry-run
  waybill lots --awaits funding --ids | waybill hold - --yes")]
    Hold(OnLots),
    /// Resume held lots.
    #[command(after_help = "\
Examples:
  waybill resume LOT-005
  waybill resume --awaits funding --dry-run")]
    Resume(OnLots),
    /// Retry failed lots now.
    #[command(after_help = "\
Examples:
  waybill retry LOT-005
  waybill retry --state parked --dry-run")]
    Retry(OnLots),
    /// Cancel lots.
    #[command(after_help = "\
Examples:
  waybill cancel LOT-005 -m 'bought elsewhere'
  waybill cancel --awaits funding --requester UA-MOD-IT --dry-run")]
    Cancel(OnLots),
    /// Split a part of a lot off as a lot of its own.
    #[command(after_help = "\
Examples:
  waybill split LOT-01C 200 -m 'the first 200 are urgent' --dry-run")]
    Split(Split),
    /// Merge lots of a line into one of them.
    #[command(after_help = "\
Examples:
  waybill merge LOT-015 LOT-015.1 -m 'they go together after all'")]
    Merge(Merge),
    /// Send lots to another consignee, even if they are on order.
    #[command(after_help = "\
Examples:
  waybill redirect LOT-005 --to UA-C02 -m 'store 1 is full'")]
    Redirect(Redirect),
    /// Record a supplier's answer to an order, decide about it, change or cancel it.
    #[command(subcommand)]
    Order(Order),
    /// Record what of an order has been shipped.
    #[command(after_help = "\
Examples:
  waybill despatch PO-SUP-03-NSPA-EUR-0001
  waybill despatch PO-SUP-03-NSPA-EUR-0001 LOT-00A=12 LOT-00B=4")]
    Despatch(Despatch),
    /// Record what of an order was received.
    #[command(after_help = "\
Examples:
  waybill receive PO-SUP-03-NSPA-EUR-0001
  waybill receive PO-SUP-03-NSPA-EUR-0001 LOT-00A=10/2 --remedy return")]
    Receive(Receive),
    /// Record what of an order was paid.
    #[command(after_help = "\
Examples:
  waybill pay PO-SUP-03-NSPA-EUR-0001 --date 2026-11-02
  waybill pay PO-SUP-03-NSPA-EUR-0001 LOT-00A=1250.50 --final")]
    Pay(Pay),
    /// Record a claim on a supplier.
    #[command(after_help = "\
Examples:
  waybill claim PO-SUP-01-NSPA-EUR-0001 --amount 'EUR 1,200' -m 'came late'")]
    Claim(Claim),
    /// Record a pledge.
    #[command(after_help = "\
Examples:
  waybill contribute LU-2027-1 --donor LU --amount 'EUR 5M' --evidence letter")]
    Contribute(Contribute),
    /// Record a commitment.
    #[command(after_help = "\
Examples:
  waybill commit LU-2027-2 --donor LU --amount 'EUR 5M' --evidence 'letter 4'
  waybill commit EE-2027-1 --donor EE --in-kind Router=50@30 --evidence letter")]
    Commit(Contribute),
    /// Withdraw the part of a contribution that no order binds.
    #[command(after_help = "\
Examples:
  waybill withdraw DK-2024-1 --dry-run
  waybill withdraw DK-2024-1 --amount 'DKK 1M' -m 'letter of 3 May'")]
    Withdraw(Withdraw),
    /// Undo the lapse of money, if its last day was wrong or has been extended.
    #[command(after_help = "\
Examples:
  waybill reinstate DK-2024-1 --dry-run
  waybill reinstate DK-2024-1 -m 'the clock was wrong'")]
    Reinstate(Reinstate),
    /// Record cash that has reached the buying agent.
    #[command(after_help = "\
Examples:
  waybill deposit LU-2024-1 'EUR 2.5M' --number 4711 --date 2026-11-02")]
    Deposit(Deposit),
    /// Give a party a role, end it, or rename a requester.
    #[command(subcommand)]
    Member(Member),
    /// End or keep an offer that its folder does not contain any more.
    #[command(subcommand)]
    Offer(Offer),
    /// Write a note on a lot, line, order, contribution or party. `-m` gives its text.
    #[command(after_help = "\
Examples:
  waybill note LOT-005 --follow-up 2027-01-15 -m 'call the ministry'")]
    Note(Note),
    /// Attach a file to a lot, line, order, contribution or party.
    #[command(after_help = "\
Examples:
  waybill attach LU-2024-1 examples/it-coalition/README.md")]
    Attach(Attach),
    /// Resolve an incident, for all its lots at once.
    #[command(subcommand)]
    Incident(Incident),
    /// Show the money by donor and envelope: what became of it, and when it lapses.
    Money(Money),
    /// List expected deliveries: ordered lots by due day, late ones first.
    Arrivals(Arrivals),
    /// Show how long things take: at each step, in each category, from each supplier.
    LeadTimes(LeadTimes),
    /// Write a report as a page, text, table or data: weekly, donor, requester, steering.
    #[command(subcommand)]
    Report(Report),
    /// Create, list, rotate and revoke tokens for the API.
    #[command(subcommand)]
    Token(Token),
    /// Create and rotate the keys that seal secrets and addresses in the database.
    #[command(subcommand)]
    Key(Key),
    /// Send events to an address, and see whether they arrived.
    #[command(subcommand)]
    Webhook(Webhook),
    /// Export the log with its hash chain, or verify it.
    #[command(subcommand)]
    Audit(Audit),
    /// Replay the log and check the invariants.
    Check(Check),
    /// Copy the database to a file while others use it, and verify the copy.
    Backup(Backup),
    /// Replace the database with a backup or an export.
    Restore(Restore),
    /// Write the whole database as JSON lines, which SQLite and Postgres can both import.
    Export(Export),
    /// Move the history of lots that ended long ago out of the log into a file.
    Archive(Archive),
    /// Apply the database migrations that this version needs.
    Migrate(Migrate),
    /// Show the service's clock, or accept it as right.
    #[command(subcommand)]
    Clock(Clock),
    /// List recurring jobs and their next runs, or run one now.
    #[command(subcommand)]
    Cron(Cron),
    /// Check every part of the service, and show what is wrong and how to fix it.
    Doctor(Doctor),
    /// Show the roadmap by quarter: what gets funded, what would lapse, and the effect of changes.
    Plan(Plan),
    /// Match lots with donors without a database: solve a problem in a file, and print JSON.
    Match(Match),
    /// Ask a running process whether it is ready.
    Health(Health),
    /// Measure throughput and latency.
    Bench(Bench),
    /// Explain a column, key, state, reason, event, command or metric, from the reference.
    Explain(Explain),
    /// Trust this folder's waybill.toml, as it is now, to name servers, stores and token files.
    Trust(Trust),
    /// Print the completion script of a shell.
    Completions(Completions),
    /// Print the manual, or write a page for each command.
    Man(Man),
}

impl Command {
    /// Whether the command only reads.
    pub(crate) fn is_question(&self) -> bool {
        matches!(
            self,
            Self::Status(_)
                | Self::Todo(_)
                | Self::Lots(_)
                | Self::Lines(_)
                | Self::Incidents(_)
                | Self::Show(_)
                | Self::Events(_)
                | Self::Why(_)
                | Self::Money(_)
                | Self::Arrivals(_)
                | Self::LeadTimes(_)
                | Self::Report(_)
                | Self::Audit(_)
                | Self::Check(_)
                | Self::Plan(_)
        )
    }
}
