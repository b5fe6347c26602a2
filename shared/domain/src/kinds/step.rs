//! The steps that pipelines are made of.

use strum::{Display, EnumString, IntoStaticStr, VariantArray, VariantNames};

/// A step that comes with the program. Its name stands in `pipeline.toml`, in the database, and is its queue's.
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
    /// Rules and reviewers say whether a line makes sense.
    ValidatePriority,
    /// A round finds money and an offer.
    MatchDonor,
    /// An order is drawn up, sent, and answered by its supplier.
    IssueOrder,
    /// Goods come and are paid.
    ConfirmDelivery,
}

/// What a lot has once it has passed certain steps. What may happen to a lot depends on this, and not on the names of
/// the steps around it, so that a pipeline may put other steps between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Milestone {
    /// It was handed in.
    Submitted,
    /// Its line was found to make sense.
    Validated,
    /// Donors pay for it, or give it.
    Funded,
    /// Its supplier has accepted its order.
    Ordered,
}

impl StepKind {
    /// All of them, in the order that the default pipeline has.
    pub const ALL: &[Self] = <Self as VariantArray>::VARIANTS;

    /// Their names, in the same order.
    pub const NAMES: &[&'static str] = <Self as VariantNames>::VARIANTS;

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The step that `name` names; `None`: it is another's, or a newer version's.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// What a lot has once it is done.
    #[must_use]
    pub fn gives(self) -> Option<Milestone> {
        match self {
            Self::ValidatePriority => Some(Milestone::Validated),
            Self::MatchDonor => Some(Milestone::Funded),
            Self::IssueOrder => Some(Milestone::Ordered),
            Self::ConfirmDelivery => None,
        }
    }

    /// What a lot must have before it begins.
    #[must_use]
    pub fn needs(self) -> Milestone {
        match self {
            Self::ValidatePriority | Self::MatchDonor => Milestone::Submitted,
            Self::IssueOrder => Milestone::Funded,
            Self::ConfirmDelivery => Milestone::Ordered,
        }
    }

    /// Whether an operator may let a lot pass it without its being done.
    #[must_use]
    pub fn may_be_skipped(self) -> bool {
        match self {
            Self::ValidatePriority => true,
            Self::MatchDonor | Self::IssueOrder | Self::ConfirmDelivery => false,
        }
    }
}

impl Milestone {
    /// The step that leads to it; `None`: every lot has it from the beginning.
    #[must_use]
    pub fn given_by(self) -> Option<StepKind> {
        StepKind::ALL.iter().copied().find(|step| step.gives() == Some(self))
    }
}
