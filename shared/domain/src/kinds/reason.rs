//! Why a lot is where it is.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// Why a lot is where it is. The name is stored with the lot and shown to everybody who sees the lot; the text next to it
/// is for people.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum ReasonCode {
    // Validation.
    UnknownRequester,
    UnknownConsignee,
    UnknownClassification,
    ProhibitedItem,
    ImplausibleQuantity,
    ImplausiblePrice,
    DuplicateCandidate,
    Review,
    ReviewOverdue,
    DeclinedByReview,
    SentBack,
    TwinEnded,
    CarrierEnded,
    // Money and offers.
    NoEligibleEnvelope,
    MoneyExhausted,
    TooManyDonors,
    RequesterCap,
    ConsentAsked,
    ConsentRefused,
    ConsentExpired,
    InKindOffered,
    AcceptanceExpired,
    OfferNotAccepted,
    Displaced,
    Rerouted,
    EnvelopeLapsed,
    ContributionWithdrawn,
    NotBindable,
    NoOffer,
    OffersRefused,
    LessThanSold,
    CostAboveAllocation,
    FrameworkExhausted,
    OrderTakenBack,
    // Why an envelope may not pay.
    PledgeOnly,
    InKind,
    NotAMember,
    NotYetOpen,
    Lapsed,
    Earmark,
    Excluded,
    Channel,
    NoRate,
    StaleRate,
    ConsentMissing,
    Exhausted,
    // Orders.
    ApprovalNeeded,
    OrderNotApproved,
    ResponseOverdue,
    RefusedBySupplier,
    TermsChanged,
    TermsDeclined,
    OrderChanged,
    // Delivery and payment.
    DeliveryOverdue,
    Short,
    ShortTolerated,
    Rejected,
    Oversupply,
    SurplusShort,
    SurplusBought,
    PaidInAdvance,
    PartPaid,
    Refunded,
    Overrun,
    // By hand.
    Amended,
    Held,
    Resumed,
    Retried,
    Replayed,
    Passed,
    Cancelled,
    OrderCancelled,
    Merged,
    Redirected,
    Reopened,
    // The service.
    AttemptFailed,
}

/// What the text of a reason reveals beyond the lot itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reveals {
    Nothing,
    /// What donors have left.
    Balances,
    /// How the service runs: causes of errors, addresses.
    Internals,
}

impl ReasonCode {
    pub const ALL: &[Self] = Self::VARIANTS;

    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The code of this name. `None` if only a newer version knows it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// What the text reveals. It decides who may read it.
    #[must_use]
    pub fn reveals(self) -> Reveals {
        match self {
            Self::MoneyExhausted
            | Self::TooManyDonors
            | Self::NoEligibleEnvelope
            | Self::Displaced
            | Self::Overrun => Reveals::Balances,
            Self::AttemptFailed => Reveals::Internals,
            Self::UnknownRequester
            | Self::UnknownConsignee
            | Self::UnknownClassification
            | Self::ProhibitedItem
            | Self::ImplausibleQuantity
            | Self::ImplausiblePrice
            | Self::DuplicateCandidate
            | Self::Review
            | Self::ReviewOverdue
            | Self::DeclinedByReview
            | Self::SentBack
            | Self::TwinEnded
            | Self::CarrierEnded
            | Self::RequesterCap
            | Self::ConsentAsked
            | Self::ConsentRefused
            | Self::ConsentExpired
            | Self::InKindOffered
            | Self::AcceptanceExpired
            | Self::OfferNotAccepted
            | Self::Rerouted
            | Self::EnvelopeLapsed
            | Self::ContributionWithdrawn
            | Self::NotBindable
            | Self::NoOffer
            | Self::OffersRefused
            | Self::LessThanSold
            | Self::CostAboveAllocation
            | Self::FrameworkExhausted
            | Self::OrderTakenBack
            | Self::PledgeOnly
            | Self::InKind
            | Self::NotAMember
            | Self::NotYetOpen
            | Self::Lapsed
            | Self::Earmark
            | Self::Excluded
            | Self::Channel
            | Self::NoRate
            | Self::StaleRate
            | Self::ConsentMissing
            | Self::Exhausted
            | Self::ApprovalNeeded
            | Self::OrderNotApproved
            | Self::ResponseOverdue
            | Self::RefusedBySupplier
            | Self::TermsChanged
            | Self::TermsDeclined
            | Self::OrderChanged
            | Self::DeliveryOverdue
            | Self::Short
            | Self::ShortTolerated
            | Self::Rejected
            | Self::Oversupply
            | Self::SurplusShort
            | Self::SurplusBought
            | Self::PaidInAdvance
            | Self::PartPaid
            | Self::Refunded
            | Self::Amended
            | Self::Held
            | Self::Resumed
            | Self::Retried
            | Self::Replayed
            | Self::Passed
            | Self::Cancelled
            | Self::OrderCancelled
            | Self::Merged
            | Self::Redirected
            | Self::Reopened => Reveals::Nothing,
        }
    }
}
