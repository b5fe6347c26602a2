//! The commands, each with what it is for and examples.

use clap::Subcommand;

use super::{
    Api, Archive, Arrivals, Attach, Audit, Backup, Bench, Check, Claim, Clock, Completions,
    Consent, Contribute, Cron, Deposit, Despatch, Doctor, Events, Export, Fields, Health, Import,
    InKind, Incident, Incidents, Init, Key, LeadTimes, Lines, Lots, Man, Match, Member, Merge,
    Migrate, Money, Note, Offer, OnLots, Order, Pause, Pay, Plan, Rank, Receive, Redirect,
    Reinstate, Reopen, Report, Restore, Review, Run, Scheduler, Serve, Show, Split, Status, Submit,
    Surplus, Todo, Token, Trust, Unpause, Watch, Webhook, Why, Withdraw, Worker,
};

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Import a coalition's folder, run it on virtual time to its end, and report.
    Run(Run),
    /// Run all roles on real time, until SIGTERM.
    Serve(Serve),
    /// Run time and dispatch alone, on a Postgres store and a RabbitMQ broker; of many one leads.
    Scheduler(Scheduler),
    /// Run steps and acts alone, on a Postgres store and a RabbitMQ broker; any number of them.
    Worker(Worker),
    /// Serve the API alone, on a Postgres store and a RabbitMQ broker; any number of them.
    Api(Api),
    /// Make a coalition to start with: a folder of commented files, or a workbook.
    Init(Init),
    /// Import requisitions from a file, a coalition's folder or workbook, or a whole database.
    Import(Import),
    /// Whether all is well: the service, where lots are, incidents, money that lapses.
    Status(Status),
    /// Who must act today, and since when.
    Todo(Todo),
    /// List lots: where each is, for how long, and why.
    Lots(Lots),
    /// List lines: what was asked for, where it is, when it arrives.
    Lines(Lines),
    /// What could not be done, by cause, and how it is mended.
    Incidents(Incidents),
    /// Show a lot, line, order, contribution or party with everything that happened to it.
    Show(Show),
    /// What happened, in order, and what happens from now on.
    Events(Events),
    /// Explain who pays for a lot and what decided, or what it is short of.
    Why(Why),
    /// Watch what happens on the whole screen, and mend it by keys.
    Watch(Watch),
    /// Hand in lines: a file, or one by its fields or by answering questions.
    #[command(after_help = "\
Fields of a line, and columns of a file:
  external_id requester item kind classification quantity unit unit_estimate
  currency class rank requested consignee; where there is something to say:
  description scheme needed_by smallest_lot together tolerance_per_mille source

Examples:
  waybill submit examples/it-coalition/amendments.csv --dry-run
  waybill submit examples/it-coalition/requisitions.csv --partial")]
    Submit(Submit),
    /// Hand in what an expert group decided of lots.
    #[command(subcommand)]
    Review(Review),
    /// Hand in what a donor decided of the use of its money.
    #[command(subcommand)]
    Consent(Consent),
    /// Hand in what a requester decided of goods in kind.
    #[command(subcommand)]
    InKind(InKind),
    /// Decide what becomes of what came above what was ordered.
    #[command(subcommand)]
    Surplus(Surplus),
    /// Give a line another place in the list.
    #[command(after_help = "\
Examples:
  waybill rank REQ-2024-12/5 1 -m 'agreed by the steering group'
  waybill rank REQ-2024-12/5 1 --class 2 --dry-run")]
    Rank(Rank),
    /// State a line anew, in part: lots that are not ordered are validated again.
    #[command(after_help = "\
Examples:
  waybill amend REQ-2024-01/5 quantity=100 needed_by=2027-06-30 --dry-run
  waybill amend REQ-2024-01/5 quantity=100 needed_by=2027-06-30")]
    Amend(Fields),
    /// Validate anew what of a line was declined or sent back: a rule or reference data has changed.
    #[command(after_help = "\
Examples:
  waybill reopen REQ-2024-10/1 --dry-run
  waybill reopen REQ-2024-10/2 -m 'the code is known now'")]
    Reopen(Reopen),
    /// Correct what was written down wrongly and changes nothing of what is asked for.
    #[command(after_help = "\
Examples:
  waybill correct REQ-2024-01/5 'description=For meeting rooms' source=letter")]
    Correct(Fields),
    /// Let nothing happen by itself until it is unpaused: all of it, a step, a supplier, the calendar, webhooks.
    #[command(after_help = "\
Examples:
  waybill pause
  waybill pause all -m 'restored from last night'
  waybill pause supplier:SUP-10 -m 'prices are being asked'")]
    Pause(Pause),
    /// Let what is paused go on.
    #[command(after_help = "\
Examples:
  waybill unpause all")]
    Unpause(Unpause),
    /// Let nothing happen to lots until they are resumed; they keep their rank, not their money.
    #[command(after_help = "\
Examples:
  waybill hold LOT-005 -m 'asked the ministry'
  waybill hold --awaits funding --class 3 --dry-run
  waybill lots --awaits funding --ids | waybill hold - --yes")]
    Hold(OnLots),
    /// Let held lots go on.
    #[command(after_help = "\
Examples:
  waybill resume LOT-005
  waybill resume --awaits funding --dry-run")]
    Resume(OnLots),
    /// Let lots that failed try again now.
    #[command(after_help = "\
Examples:
  waybill retry LOT-005
  waybill retry --state parked --dry-run")]
    Retry(OnLots),
    /// Give lots up.
    #[command(after_help = "\
Examples:
  waybill cancel LOT-005 -m 'bought elsewhere'
  waybill cancel --awaits funding --requester UA-MOD-IT --dry-run")]
    Cancel(OnLots),
    /// Make a part of a lot a lot of its own.
    #[command(after_help = "\
Examples:
  waybill split LOT-01C 200 -m 'the first 200 are urgent' --dry-run")]
    Split(Split),
    /// Let one lot carry others of its line.
    #[command(after_help = "\
Examples:
  waybill merge LOT-015 LOT-015.1 -m 'they go together after all'")]
    Merge(Merge),
    /// Send lots to another consignee, also in flight.
    #[command(after_help = "\
Examples:
  waybill redirect LOT-005 --to UA-C02 -m 'store 1 is full'")]
    Redirect(Redirect),
    /// Answer for an order, approve or cancel it.
    #[command(subcommand)]
    Order(Order),
    /// Note what of an order is on its way.
    #[command(after_help = "\
Examples:
  waybill despatch PO-SUP-03-NSPA-EUR-0001
  waybill despatch PO-SUP-03-NSPA-EUR-0001 LOT-00A=12 LOT-00B=4")]
    Despatch(Despatch),
    /// Note what of an order was received.
    #[command(after_help = "\
Examples:
  waybill receive PO-SUP-03-NSPA-EUR-0001
  waybill receive PO-SUP-03-NSPA-EUR-0001 LOT-00A=10/2 --remedy return")]
    Receive(Receive),
    /// Note what of an order was paid.
    #[command(after_help = "\
Examples:
  waybill pay PO-SUP-03-NSPA-EUR-0001 --date 2026-11-02
  waybill pay PO-SUP-03-NSPA-EUR-0001 LOT-00A=1250.50 --final")]
    Pay(Pay),
    /// Note a claim on a supplier.
    #[command(after_help = "\
Examples:
  waybill claim PO-SUP-01-NSPA-EUR-0001 --amount 'EUR 1,200' -m 'came late'")]
    Claim(Claim),
    /// State a pledge.
    #[command(after_help = "\
Examples:
  waybill contribute LU-2027-1 --donor LU --amount 'EUR 5M' --evidence letter")]
    Contribute(Contribute),
    /// State a commitment.
    #[command(after_help = "\
Examples:
  waybill commit LU-2027-2 --donor LU --amount 'EUR 5M' --evidence 'letter 4'
  waybill commit EE-2027-1 --donor EE --in-kind Router=50@30 --evidence letter")]
    Commit(Contribute),
    /// Take back what of a contribution is not bound.
    #[command(after_help = "\
Examples:
  waybill withdraw DK-2024-1 --dry-run
  waybill withdraw DK-2024-1 --amount 'DKK 1M' -m 'letter of 3 May'")]
    Withdraw(Withdraw),
    /// Take back that money lapsed: it was the wrong day, or its last day is a later one now.
    #[command(after_help = "\
Examples:
  waybill reinstate DK-2024-1 --dry-run
  waybill reinstate DK-2024-1 -m 'the clock was wrong'")]
    Reinstate(Reinstate),
    /// Note cash that has reached the buying agent.
    #[command(after_help = "\
Examples:
  waybill deposit LU-2024-1 'EUR 2.5M' --number 4711 --date 2026-11-02")]
    Deposit(Deposit),
    /// Let a party take a role, or end it.
    #[command(subcommand)]
    Member(Member),
    /// End or keep an offer that its folder does not have any more.
    #[command(subcommand)]
    Offer(Offer),
    /// Write a note, its text by `-m`, on a lot, line, order, contribution or party.
    #[command(after_help = "\
Examples:
  waybill note LOT-005 --follow-up 2027-01-15 -m 'call the ministry'")]
    Note(Note),
    /// Keep a file with a lot, line, order, contribution or party.
    #[command(after_help = "\
Examples:
  waybill attach LU-2024-1 examples/it-coalition/README.md")]
    Attach(Attach),
    /// Mend what failed for one cause, all of it at once.
    #[command(subcommand)]
    Incident(Incident),
    /// The money by donor and envelope: what became of it, and what lapses when.
    Money(Money),
    /// What is to come: lots under orders by the day they are due, late ones first.
    Arrivals(Arrivals),
    /// How long things take: at each step, in each category, from each supplier.
    LeadTimes(LeadTimes),
    /// Reports as pages, text, tables or data: weekly, donor, requester, steering.
    #[command(subcommand)]
    Report(Report),
    /// Give, list and revoke tokens for the API.
    #[command(subcommand)]
    Token(Token),
    /// Make and renew the keys that seal secrets and addresses in the database.
    #[command(subcommand)]
    Key(Key),
    /// Have events sent to you, and see what became of them.
    #[command(subcommand)]
    Webhook(Webhook),
    /// Export the log with its hash chain, or verify one.
    #[command(subcommand)]
    Audit(Audit),
    /// Replay the log and assert the invariants.
    Check(Check),
    /// Copy the database to a file while others work on it, and prove that the copy is whole.
    Backup(Backup),
    /// Put a backup or an export in the place of the database.
    Restore(Restore),
    /// Write the whole database as JSON lines that SQLite and Postgres both take.
    Export(Export),
    /// Move what lots that ended long ago looked like on their way out of the log into a file.
    Archive(Archive),
    /// Make the changes of the tables that this version needs.
    Migrate(Migrate),
    /// What time it is for the service, and that it is right.
    #[command(subcommand)]
    Clock(Clock),
    /// What recurs, what comes next, and a fire by hand.
    #[command(subcommand)]
    Cron(Cron),
    /// Look at every part of the service, and say what ails it and the mend.
    Doctor(Doctor),
    /// The roadmap by quarter: what gets funded, what would lapse, and what changes would do.
    Plan(Plan),
    /// Match lots with donors, without a database: answer a problem in a file as JSON.
    Match(Match),
    /// Ask a running process whether it is ready.
    Health(Health),
    /// Measure throughput and latency.
    Bench(Bench),
    /// Trust the waybill.toml of this folder, as it is now, to name servers, stores and token files.
    Trust(Trust),
    /// Print what completes commands and options in a shell.
    Completions(Completions),
    /// Print the manual, or write a page for each command.
    Man(Man),
}

impl Command {
    /// Whether it only answers questions.
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
