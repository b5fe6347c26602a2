//! A pipeline is data: the ordered steps, what each needs, and the policies they follow. It is
//! stored by version; a lot keeps the version it started with.

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
    /// The step's name, as registered.
    pub name: StepName,
    /// The longest one attempt may take, in seconds of real time.
    #[serde(default = "default_timeout_s")]
    pub timeout_s: u64,
    /// When failed attempts are repeated.
    #[serde(default)]
    pub retry: RetryPolicy,
    /// Batches under way at once.
    #[serde(default = "default_concurrency")]
    pub concurrency: usize,
}

fn default_timeout_s() -> u64 {
    60
}

fn default_concurrency() -> usize {
    2
}

/// What validation holds against a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ValidationPolicy {
    /// An estimate is plausible up to this many times, and down to this part of, an offer's price.
    pub price_ratio: i64,
    /// No line may ask for more than this many units.
    pub quantity_limit: i64,
}

impl Default for ValidationPolicy {
    fn default() -> Self {
        Self { price_ratio: 10, quantity_limit: 1_000_000 }
    }
}

/// What happens with money that an unaffordable lot could use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenUnaffordable {
    /// Lots behind it may have it.
    #[default]
    FillDown,
    /// It is held until the lot is affordable.
    Hold,
}

/// What makes money be used before other money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preference {
    /// That it lapses sooner.
    SoonestLapse,
    /// That it may not be used for everything.
    Earmarked,
}

impl Preference {
    /// What lapses soonest first; of that, what may be used for everything last.
    pub const DEFAULT: [Self; 2] = [Self::SoonestLapse, Self::Earmarked];
}

/// Money that is kept for a class of lots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reserve {
    /// The class.
    pub class: u8,
    /// How much, of all that its lots may use.
    pub amount: Money,
}

/// The most that a party gives, or is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// The party.
    pub party: String,
    /// How much.
    pub amount: Money,
}

/// How donors are matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MatchPolicy {
    /// So many donors may fund one lot together; none: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_donors: Option<usize>,
    /// What happens with money that an unaffordable lot could use.
    pub when_unaffordable: WhenUnaffordable,
    /// Which money is used first.
    pub order: Vec<Preference>,
    /// Money that is kept for lots of a class while lots ahead of it are funded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reserve: Vec<Reserve>,
    /// What a donor gives altogether, however much its envelopes hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub donor_cap: Vec<Cap>,
    /// What the lots of a requester are funded with altogether.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requester_cap: Vec<Cap>,
    /// Whether a lot may be split down to its smallest quantity when money is short.
    pub partial: bool,
    /// Days a donor has to agree to the use of its money.
    pub consent_days: u32,
    /// Days a requester has to accept goods in kind.
    pub acceptance_days: u32,
    /// For so many days an exchange rate is used to set money aside and to bind it; none: until the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_days: Option<u32>,
    /// How long changes are gathered before a round, in milliseconds.
    pub round_delay_ms: u32,
}

impl MatchPolicy {
    /// Whether it can be followed; else why not.
    fn check(&self) -> Result<(), String> {
        let below = |amount: &Money| amount.minor < 0;
        if self.reserve.iter().any(|kept| below(&kept.amount))
            || self.donor_cap.iter().chain(&self.requester_cap).any(|cap| below(&cap.amount))
        {
            return Err("an amount is below zero".to_owned());
        }
        if self.max_donors == Some(0) {
            return Err("max_donors is 0, and at least 1 has to pay".to_owned());
        }
        let is_walk_only = !self.reserve.is_empty()
            || !self.requester_cap.is_empty()
            || self.when_unaffordable == WhenUnaffordable::Hold;
        if self.max_donors.is_some() && is_walk_only {
            let others = "reserve, requester_cap or when_unaffordable = \"hold\"";
            return Err(format!("max_donors cannot stand beside {others} yet"));
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

/// How much surplus of an item an order may hold before somebody has to approve it: more than either is
/// too much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SurplusLimit {
    /// Of the quantity that is wanted.
    pub per_mille: i64,
    /// What it costs; none: it may cost anything.
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

/// What may be paid in advance where a pipeline does not say it, in per mille.
const USUAL_ADVANCE: u32 = 300;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_usual_advance(per_mille: &u32) -> bool {
    *per_mille == USUAL_ADVANCE
}

/// How orders are drawn up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrderPolicy {
    /// How long lots are gathered into one order at most, in seconds.
    pub gather_s: u32,
    /// How long before the end of the last day of anything in it (money, a role, an offer, a framework, the
    /// day of need less the lead time) the window ends at the latest, in seconds.
    pub margin_s: u32,
    /// Lines of one order at most.
    pub lines: usize,
    /// By how much a cost may exceed what was allocated before the lot is matched again.
    pub tolerance_per_mille: i64,
    /// What of a lot may be paid before it has come, in per mille of what it costs.
    #[serde(skip_serializing_if = "is_usual_advance")]
    pub advance_per_mille: u32,
    /// An order above this total needs an approval; none: no order does.
    pub approval_above: Option<Money>,
    /// What may be bought above what is wanted, because a supplier sells no less, without an approval.
    #[serde(skip_serializing_if = "SurplusLimit::is_default")]
    pub surplus_limit: SurplusLimit,
    /// The public code of the consignee whose stock surplus is; none: it is that of the consignee that
    /// it comes with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surplus_consignee: Option<String>,
    /// Days a supplier has to respond before it is chased.
    pub response_days: u32,
    /// How many orders are sent to one supplier at once and in a minute, at most, by all workers
    /// together.
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
    /// Days after the due day until a delivery is chased, and between two chases.
    pub chase_days: u32,
    /// Chases before the lot is parked for an operator.
    pub chases: u32,
    /// What becomes of what came above what was bought.
    #[serde(skip_serializing_if = "is_asked")]
    pub surplus: SurplusPolicy,
}

/// What becomes of what came above what was bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurplusPolicy {
    /// The secretariat decides each time.
    #[default]
    Ask,
    /// Who received it keeps it, and nothing is paid for it.
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

/// How the outside is reached.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ConnectorConfig {
    /// Orders are written to `outbox/`, documents are taken from `inbox/` of the data folder.
    #[default]
    Files,
    /// A declared simulation of everybody outside.
    Sandbox(SandboxConfig),
}

/// The sandbox: chances in per mille, drawn from `hash(seed, external id)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SandboxConfig {
    /// The seed of all draws.
    pub seed: u64,
    /// How long one of its days takes, in milliseconds; a day is 86,400,000.
    pub day_ms: u64,
    /// Reviews that decline.
    pub declined: u16,
    /// Offers in kind that are not accepted.
    pub not_accepted: u16,
    /// Consents refused.
    pub not_agreed: u16,
    /// Order lines refused.
    pub refused: u16,
    /// Order lines accepted at another price.
    pub changed: u16,
    /// Deliveries that come late.
    pub late: u16,
    /// Deliveries that come short and are completed later.
    pub short: u16,
    /// Deliveries of which a part is rejected.
    pub rejected: u16,
    /// Deliveries that bring more than was ordered.
    pub over: u16,
    /// Lots of which a fifth is paid before they come.
    #[serde(skip_serializing_if = "is_never")]
    pub advance: u16,
    /// Payments of which the supplier gives a twentieth back afterwards.
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

/// What the calendar does at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CronAct {
    /// A round over everything that waits for money.
    Rematch,
    /// Overdue deliveries and responses are looked for.
    Chase,
    /// Envelopes past `obligate_by` lapse; those near it are warned of.
    Lapse,
    /// A summary of the day.
    Digest,
}

impl CronAct {
    /// Its name, as the pipeline has it.
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

/// What becomes of fires that were missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// They are counted and forgotten.
    Skip,
    /// The last of them is made up for.
    #[default]
    Latest,
    /// All of them are made up for, up to the bound.
    All,
}

/// One entry of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CronEntry {
    /// Its name, unique.
    pub name: String,
    /// What it does.
    pub act: CronAct,
    /// When: five fields, weekdays by name.
    pub at: String,
    /// The IANA zone its times are in.
    pub zone: chrono_tz::Tz,
    /// What becomes of missed fires.
    #[serde(default)]
    pub missed: Missed,
    /// Missed fires made up for at most.
    #[serde(default = "default_bound")]
    pub bound: u32,
    /// Whether a fire may start while the one before is under way.
    #[serde(default)]
    pub overlap: bool,
}

/// What is done every day whatever the pipeline's calendar says, under which name and when.
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
    /// What validation holds against a line.
    #[serde(default)]
    pub validate_priority: ValidationPolicy,
    /// How donors are matched.
    #[serde(default)]
    pub match_donor: MatchPolicy,
    /// How orders are drawn up.
    #[serde(default)]
    pub issue_order: OrderPolicy,
    /// How deliveries are followed.
    #[serde(default)]
    pub confirm_delivery: DeliveryPolicy,
    /// How the outside is reached.
    #[serde(default)]
    pub connector: ConnectorConfig,
    /// The calendar.
    #[serde(default)]
    pub cron: Vec<CronEntry>,
    /// How events are delivered to webhooks.
    #[serde(default, skip_serializing_if = "WebhookPolicy::is_default")]
    pub webhooks: WebhookPolicy,
    /// How long the log keeps all that it says.
    #[serde(default, skip_serializing_if = "LogPolicy::is_default")]
    pub log: LogPolicy,
}

/// How long the log keeps all that it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogPolicy {
    /// `waybill archive` moves what had ended so many days ago into an archive; none: nothing is due to be archived.
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

    /// The calendar: the pipeline's own entries, and each daily duty that none of them does, at Waybill's own
    /// time in `zone`. The pipeline changes when these are done, not whether.
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

    /// The daily duties that no entry of the pipeline does: the act, and the entry's name and time.
    pub fn unscheduled(&self) -> impl Iterator<Item = (CronAct, &'static str, &'static str)> {
        let is_own = |act: CronAct| self.cron.iter().any(|entry| entry.act == act);
        DUTIES.into_iter().filter(move |(act, _, _)| !is_own(*act))
    }

    /// What is wrong with it, for people: a step twice, or before a step whose result it needs;
    /// chances above one thousand per mille.
    ///
    /// # Errors
    /// The first such thing.
    pub fn check(&self) -> Result<(), String> {
        if self.steps.is_empty() {
            return Err("a pipeline has at least one step".to_owned());
        }
        for (i, step) in self.steps.iter().enumerate() {
            if self.steps[..i].iter().any(|other| other.name == step.name) {
                return Err(format!("step `{}` is there twice", step.name));
            }
            let needs = step.name.kind().map(StepKind::needs);
            let lacks = needs.filter(|needed| *needed > self.reached_before(&step.name));
            if let Some(needed) = lacks.and_then(Milestone::given_by) {
                return Err(format!("step `{}` needs `{needed}` before it", step.name));
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
                Err(format!("connector.{name} is {is}, and at most 1000 per mille"))
            }
            None => Ok(()),
        }
    }

    /// What a lot has that is at the step `name`: what the steps before it lead to. At a step of another version, what
    /// that step needs.
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
