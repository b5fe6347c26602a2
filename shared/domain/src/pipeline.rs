//! A pipeline is data: the ordered steps, the settings of each, and the policies that they follow. It is stored by
//! version. A lot keeps the version with which it started.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::kinds::{Milestone, StepKind};
use super::limit::Limit;
use super::lot::StepName;
use super::money::Money;
use super::retry::RetryPolicy;
use super::webhook::WebhookPolicy;

/// One step of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepConfig {
    pub name: StepName,
    /// The maximum time of one attempt, in seconds of real time.
    #[serde(default = "default_timeout_s")]
    pub timeout_s: u64,
    /// When failed attempts are repeated.
    #[serde(default)]
    pub retry: RetryPolicy,
    /// How many batches may run at once.
    #[serde(default = "default_concurrency")]
    pub concurrency: usize,
}

fn default_timeout_s() -> u64 {
    60
}

fn default_concurrency() -> usize {
    2
}

/// The limits that validation applies to a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ValidationPolicy {
    /// An estimate is plausible if it is at most this many times an offer's price, and at least this fraction of
    /// it.
    pub price_ratio: i64,
    /// The maximum number of units of one line.
    pub quantity_limit: i64,
}

impl Default for ValidationPolicy {
    fn default() -> Self {
        Self { price_ratio: 10, quantity_limit: 1_000_000 }
    }
}

/// What happens to money that an unaffordable lot could use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenUnaffordable {
    /// Lots behind it may use the money.
    #[default]
    FillDown,
    /// The money is held until the lot is affordable.
    Hold,
}

/// Why some money is used before other money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preference {
    /// Because it lapses sooner.
    SoonestLapse,
    /// Because it may not be used for everything.
    Earmarked,
}

impl Preference {
    /// Money that lapses soonest comes first. Of equal money, unrestricted money comes last.
    pub const DEFAULT: [Self; 2] = [Self::SoonestLapse, Self::Earmarked];
}

/// Money that is reserved for a class of lots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reserve {
    pub class: u8,
    /// The amount, out of all money that these lots may use.
    pub amount: Money,
}

/// The maximum that a party gives or gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    pub party: String,
    pub amount: Money,
}

/// How donors are matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MatchPolicy {
    /// The maximum number of donors that fund one lot together. `None` means no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_donors: Option<usize>,
    pub when_unaffordable: WhenUnaffordable,
    /// Which money is used first.
    pub order: Vec<Preference>,
    /// Money that is reserved for lots of a class while lots ahead of it are funded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reserve: Vec<Reserve>,
    /// The maximum that a donor gives in total, however much its envelopes hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub donor_cap: Vec<Cap>,
    /// The maximum that the lots of a requester get in total.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requester_cap: Vec<Cap>,
    /// Whether a lot may be split, down to its smallest quantity, if money is short.
    pub partial: bool,
    /// Days that a donor has to consent to the use of its money.
    pub consent_days: u32,
    /// Days that a requester has to accept goods in kind.
    pub acceptance_days: u32,
    /// Days for which an exchange rate may be used to set money aside and to bind it. `None` means until the next
    /// rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_days: Option<u32>,
    /// How long changes are collected before a round, in milliseconds.
    pub round_delay_ms: u32,
}

impl MatchPolicy {
    /// Checks whether the policy can be followed.
    fn check(&self) -> Result<(), String> {
        let below = |amount: &Money| amount.minor < 0;
        if self.reserve.iter().any(|kept| below(&kept.amount))
            || self.donor_cap.iter().chain(&self.requester_cap).any(|cap| below(&cap.amount))
        {
            return Err("an amount is below zero".to_owned());
        }
        if self.max_donors == Some(0) {
            return Err("max_donors is 0, but at least 1 donor has to pay".to_owned());
        }
        let is_walk_only = !self.reserve.is_empty()
            || !self.requester_cap.is_empty()
            || self.when_unaffordable == WhenUnaffordable::Hold;
        if self.max_donors.is_some() && is_walk_only {
            let others = "reserve, requester_cap or when_unaffordable = \"hold\"";
            return Err(format!("max_donors cannot be combined with {others} yet"));
        }
        Ok(())
    }
}

impl Default for MatchPolicy {
    fn default() -> Self {
        Self {
            max_donors: None,
            when_unaffordable: WhenUnaffordable::FillDown,
            order: Preference::DEFAULT.to_vec(),
            reserve: Vec::new(),
            donor_cap: Vec::new(),
            requester_cap: Vec::new(),
            partial: true,
            consent_days: 14,
            acceptance_days: 14,
            rate_days: None,
            round_delay_ms: 200,
        }
    }
}

/// How much surplus of an item an order may hold without an approval. Exceeding one of the two limits is enough to
/// need one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SurplusLimit {
    /// The surplus, in per mille of the wanted quantity.
    pub per_mille: i64,
    /// The cost of the surplus. `None` means no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
}

impl Default for SurplusLimit {
    fn default() -> Self {
        Self { per_mille: 100, amount: None }
    }
}

impl SurplusLimit {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    fn check(&self) -> Result<(), String> {
        if self.per_mille < 0 || self.amount.is_some_and(|amount| amount.minor < 0) {
            return Err("surplus_limit is below zero".to_owned());
        }
        Ok(())
    }
}

/// How much may be paid in advance if a pipeline does not say it, in per mille.
const USUAL_ADVANCE: u32 = 300;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_usual_advance(per_mille: &u32) -> bool {
    *per_mille == USUAL_ADVANCE
}

/// How orders are drawn up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrderPolicy {
    /// The maximum time for which lots are collected into one order, in seconds.
    pub gather_s: u32,
    /// The ordering window ends at least this long before the end of the last day of anything in the order (money,
    /// a role, an offer, a framework contract, the day of need less the lead time), in seconds.
    pub margin_s: u32,
    /// The maximum number of lines of one order.
    pub lines: usize,
    /// By how much a cost may exceed the allocated amount, in per mille. Beyond that the lot is matched again.
    pub tolerance_per_mille: i64,
    /// How much of a lot's cost may be paid before it arrives, in per mille.
    #[serde(skip_serializing_if = "is_usual_advance")]
    pub advance_per_mille: u32,
    /// Orders above this total need an approval. `None` means that no order does.
    pub approval_above: Option<Money>,
    /// How much surplus may be bought without an approval if a supplier sells no less.
    #[serde(skip_serializing_if = "SurplusLimit::is_default")]
    pub surplus_limit: SurplusLimit,
    /// The public code of the consignee that owns surplus. `None` means the consignee to which it is delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surplus_consignee: Option<String>,
    /// Days that a supplier has to respond before it is reminded.
    pub response_days: u32,
    /// How many orders all workers together may send to one supplier, at once and in a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
}

impl Default for OrderPolicy {
    fn default() -> Self {
        Self {
            gather_s: 86_400,
            margin_s: 86_400,
            lines: 200,
            tolerance_per_mille: 50,
            advance_per_mille: USUAL_ADVANCE,
            approval_above: None,
            surplus_limit: SurplusLimit::default(),
            surplus_consignee: None,
            response_days: 7,
            limit: None,
        }
    }
}

/// How deliveries are followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliveryPolicy {
    /// Days from the due day to the first reminder, and from one reminder to the next.
    pub chase_days: u32,
    /// How many reminders are sent before the lot is parked for an operator.
    pub chases: u32,
    #[serde(skip_serializing_if = "is_asked")]
    pub surplus: SurplusPolicy,
}

/// What happens to goods that arrived beyond the bought quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurplusPolicy {
    /// The secretariat decides each time.
    #[default]
    Ask,
    /// The recipient keeps them, and nothing is paid for them.
    KeepUnpaid,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_asked(policy: &SurplusPolicy) -> bool {
    *policy == SurplusPolicy::Ask
}

impl Default for DeliveryPolicy {
    fn default() -> Self {
        Self { chase_days: 7, chases: 8, surplus: SurplusPolicy::Ask }
    }
}

/// How Waybill reaches parties outside.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ConnectorConfig {
    /// Orders are written to `outbox/` and documents are read from `inbox/`, both in the data folder.
    #[default]
    Files,
    /// A declared simulation of all parties outside.
    Sandbox(SandboxConfig),
}

/// The sandbox. All chances are in per mille, and are drawn from `hash(seed, external id)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SandboxConfig {
    /// The seed of all draws.
    pub seed: u64,
    /// How long a day of the sandbox takes, in milliseconds. A real day is 86,400,000.
    pub day_ms: u64,
    /// Reviews that decline.
    pub declined: u16,
    /// Offers in kind that are not accepted.
    pub not_accepted: u16,
    /// Consents that are refused.
    pub not_agreed: u16,
    /// Order lines that are refused.
    pub refused: u16,
    /// Order lines that are accepted at another price.
    pub changed: u16,
    /// Deliveries that are late.
    pub late: u16,
    /// Deliveries that are short at first and completed later.
    pub short: u16,
    /// Deliveries of which a part is rejected.
    pub rejected: u16,
    /// Deliveries that bring more than was ordered.
    pub over: u16,
    /// Lots of which a fifth is paid before they arrive.
    #[serde(skip_serializing_if = "is_never")]
    pub advance: u16,
    /// Payments of which the supplier later returns a twentieth.
    #[serde(skip_serializing_if = "is_never")]
    pub refund: u16,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_never(per_mille: &u16) -> bool {
    *per_mille == 0
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            day_ms: 86_400_000,
            declined: 30,
            not_accepted: 0,
            not_agreed: 0,
            refused: 20,
            changed: 30,
            late: 150,
            short: 80,
            rejected: 40,
            over: 10,
            advance: 0,
            refund: 0,
        }
    }
}

/// What an entry of the calendar does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CronAct {
    /// Runs a round over all lots that wait for money.
    Rematch,
    /// Looks for overdue deliveries and responses.
    Chase,
    /// Lets envelopes past `obligate_by` lapse, and warns of those near it.
    Lapse,
    /// Writes a summary of the day.
    Digest,
}

impl CronAct {
    /// The name that pipelines use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rematch => "rematch",
            Self::Chase => "chase",
            Self::Lapse => "lapse",
            Self::Digest => "digest",
        }
    }
}

/// What happens to runs that were missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// They are counted and forgotten.
    Skip,
    /// Only the last one is made up for.
    #[default]
    Latest,
    /// All of them are made up for, up to `bound`.
    All,
}

/// One entry of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CronEntry {
    /// The name, which is unique in the calendar.
    pub name: String,
    pub act: CronAct,
    /// When it runs: five cron fields, with weekdays by name.
    pub at: String,
    /// The IANA time zone of `at`.
    pub zone: chrono_tz::Tz,
    #[serde(default)]
    pub missed: Missed,
    /// The maximum number of missed runs that are made up for.
    #[serde(default = "default_bound")]
    pub bound: u32,
    /// Whether a run may start while the previous one has not finished.
    #[serde(default)]
    pub overlap: bool,
}

/// What is done every day, whatever the pipeline's calendar says: the action, the name of the entry, and its time.
const DUTIES: [(CronAct, &str, &str); 3] = [
    (CronAct::Lapse, "daily-lapse", "5 0 * * *"),
    (CronAct::Rematch, "daily-rematch", "10 0 * * *"),
    (CronAct::Chase, "daily-chase", "15 0 * * *"),
];

fn default_bound() -> u32 {
    7
}

/// The ordered steps and the policies they follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// The steps, in order.
    #[serde(rename = "step")]
    pub steps: Vec<StepConfig>,
    #[serde(default)]
    pub validate_priority: ValidationPolicy,
    #[serde(default)]
    pub match_donor: MatchPolicy,
    #[serde(default)]
    pub issue_order: OrderPolicy,
    #[serde(default)]
    pub confirm_delivery: DeliveryPolicy,
    #[serde(default)]
    pub connector: ConnectorConfig,
    /// The calendar.
    #[serde(default)]
    pub cron: Vec<CronEntry>,
    #[serde(default, skip_serializing_if = "WebhookPolicy::is_default")]
    pub webhooks: WebhookPolicy,
    #[serde(default, skip_serializing_if = "LogPolicy::is_default")]
    pub log: LogPolicy,
}

/// How long the log keeps its full content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogPolicy {
    /// `waybill archive` archives what ended at least this many days ago. `None` means that nothing is due to be
    /// archived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_days: Option<u32>,
}

impl LogPolicy {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Pipeline {
    fn default() -> Self {
        Self::of(StepKind::NAMES)
    }
}

impl Pipeline {
    /// A pipeline of these steps with default settings.
    #[must_use]
    pub fn of(names: &[&str]) -> Self {
        let step = |name: &&str| StepConfig {
            name: StepName::new(name),
            timeout_s: default_timeout_s(),
            retry: RetryPolicy::default(),
            concurrency: default_concurrency(),
        };
        Self {
            steps: names.iter().map(step).collect(),
            validate_priority: ValidationPolicy::default(),
            match_donor: MatchPolicy::default(),
            issue_order: OrderPolicy::default(),
            confirm_delivery: DeliveryPolicy::default(),
            connector: ConnectorConfig::default(),
            cron: Vec::new(),
            webhooks: WebhookPolicy::default(),
            log: LogPolicy::default(),
        }
    }

    /// The calendar: the pipeline's own entries, and each daily duty that none of them does, at Waybill's own time
    /// in `zone`. So the pipeline changes when these duties are done, but not whether.
    #[must_use]
    pub fn calendar(&self, zone: chrono_tz::Tz) -> Vec<CronEntry> {
        let mut entries = self.cron.clone();
        entries.extend(self.unscheduled().map(|(act, name, at)| CronEntry {
            name: name.to_owned(),
            act,
            at: at.to_owned(),
            zone,
            missed: Missed::Latest,
            bound: default_bound(),
            overlap: false,
        }));
        entries
    }

    /// The daily duties that no entry of the pipeline does: the action, the name of the entry, and its time.
    pub fn unscheduled(&self) -> impl Iterator<Item = (CronAct, &'static str, &'static str)> {
        let is_own = |act: CronAct| self.cron.iter().any(|entry| entry.act == act);
        DUTIES.into_iter().filter(move |(act, _, _)| !is_own(*act))
    }

    /// Checks the pipeline, and describes the problem for people: a step that occurs twice, or comes before a step
    /// whose result it needs; a chance above 1000 per mille; a policy that cannot be followed.
    ///
    /// # Errors
    /// The first problem.
    pub fn check(&self) -> Result<(), String> {
        if self.steps.is_empty() {
            return Err("a pipeline needs at least one step".to_owned());
        }
        for (i, step) in self.steps.iter().enumerate() {
            if self.steps[..i].iter().any(|other| other.name == step.name) {
                return Err(format!("step `{}` occurs twice", step.name));
            }
            let needs = step.name.kind().map(StepKind::needs);
            let lacks = needs.filter(|needed| *needed > self.reached_before(&step.name));
            if let Some(needed) = lacks.and_then(Milestone::given_by) {
                return Err(format!("step `{}` needs step `{needed}` before it", step.name));
            }
        }
        self.match_donor.check().map_err(|why| format!("match_donor.{why}"))?;
        self.issue_order.surplus_limit.check().map_err(|why| format!("issue_order.{why}"))?;
        if let Some(limit) = self.issue_order.limit {
            limit.check().map_err(|why| format!("issue_order.{why}"))?;
        }
        let ConnectorConfig::Sandbox(sandbox) = &self.connector else { return Ok(()) };
        let chances = [
            ("declined", sandbox.declined),
            ("not_accepted", sandbox.not_accepted),
            ("not_agreed", sandbox.not_agreed),
            ("refused", sandbox.refused),
            ("changed", sandbox.changed),
            ("late", sandbox.late),
            ("short", sandbox.short),
            ("rejected", sandbox.rejected),
            ("over", sandbox.over),
        ];
        match chances.into_iter().find(|(_, per_mille)| *per_mille > 1000) {
            Some((name, is)) => {
                Err(format!("connector.{name} is {is}; the limit is 1000 per mille"))
            }
            None => Ok(()),
        }
    }

    /// What a lot at the step `name` has reached by passing the steps before it. If this version has no such step,
    /// what that step needs.
    #[must_use]
    pub fn reached_before(&self, name: &StepName) -> Milestone {
        let place = self.steps.iter().position(|step| step.name == *name);
        let reached = match place {
            Some(place) => self.steps[..place].iter().filter_map(|s| s.name.kind()?.gives()).max(),
            None => name.kind().map(StepKind::needs),
        };
        reached.unwrap_or(Milestone::Submitted)
    }

    /// The names of the steps, in order.
    #[must_use]
    pub fn names(&self) -> Vec<StepName> {
        self.steps.iter().map(|step| step.name.clone()).collect()
    }
}
