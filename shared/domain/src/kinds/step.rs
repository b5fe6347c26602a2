//! The steps of pipelines.

use strum::{Display, EnumString, IntoStaticStr, VariantArray, VariantNames};

/// A step that is part of the program. `pipeline.toml` and the database use its name, and its queue has the same
/// name.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
    VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub enum StepKind {
    /// Rules and reviewers decide whether a line makes sense.
    ValidatePriority,
    /// A round finds money and an offer.
    MatchDonor,
    /// An order is drawn up, sent, and answered by its supplier.
    IssueOrder,
    /// Goods arrive and are paid.
    ConfirmDelivery,
}

/// What a lot has reached by passing certain steps. What may happen to a lot depends on this and not on the names
/// of its neighbouring steps. So a pipeline may put other steps in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Milestone {
    /// It was submitted.
    Submitted,
    /// Its line was found to make sense.
    Validated,
    /// Donors pay for it, or give the goods.
    Funded,
    /// Its supplier has accepted its order.
    Ordered,
}

impl StepKind {
    /// All steps, in the order of the default pipeline.
    pub const ALL: &[Self] = <Self as VariantArray>::VARIANTS;

    /// Their names, in the same order.
    pub const NAMES: &[&'static str] = <Self as VariantNames>::VARIANTS;

    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The step with this name. `None` if it is not part of the program, or only a newer version knows it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// What a lot has reached once this step is done.
    #[must_use]
    pub fn gives(self) -> Option<Milestone> {
        match self {
            Self::ValidatePriority => Some(Milestone::Validated),
            Self::MatchDonor => Some(Milestone::Funded),
            Self::IssueOrder => Some(Milestone::Ordered),
            Self::ConfirmDelivery => None,
        }
    }

    /// What a lot must have reached before this step begins.
    #[must_use]
    pub fn needs(self) -> Milestone {
        match self {
            Self::ValidatePriority | Self::MatchDonor => Milestone::Submitted,
            Self::IssueOrder => Milestone::Funded,
            Self::ConfirmDelivery => Milestone::Ordered,
        }
    }

    /// Whether an operator may let a lot pass this step although the step was not done.
    #[must_use]
    pub fn may_be_skipped(self) -> bool {
        match self {
            Self::ValidatePriority => true,
            Self::MatchDonor | Self::IssueOrder | Self::ConfirmDelivery => false,
        }
    }
}

impl Milestone {
    /// The step that leads to it. `None` means that every lot has it from the start.
    #[must_use]
    pub fn given_by(self) -> Option<StepKind> {
        StepKind::ALL.iter().copied().find(|step| step.gives() == Some(self))
    }
}
