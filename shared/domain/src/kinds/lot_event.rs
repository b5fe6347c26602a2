//! What happens to lots.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// What happened to a lot. The log and the feed use the name of the event, which begins with `lot.`.
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
)]
pub enum LotEvent {
    /// It came in.
    #[strum(serialize = "lot.submitted")]
    Submitted,
    /// It passed validation.
    #[strum(serialize = "lot.validated")]
    Validated,
    /// An expert group has to review it.
    #[strum(serialize = "lot.review_asked")]
    ReviewAsked,
    /// Nobody reviewed it in time.
    #[strum(serialize = "lot.review_escalated")]
    ReviewEscalated,
    /// Its requester has to change it.
    #[strum(serialize = "lot.sent_back")]
    SentBack,
    /// It was declined.
    #[strum(serialize = "lot.declined")]
    Declined,
    /// An operator let it pass a step.
    #[strum(serialize = "lot.passed")]
    Passed,
    /// It is validated again, because the lot that it may duplicate has changed.
    #[strum(serialize = "lot.revalidated")]
    Revalidated,
    /// Money and an offer were found for it.
    #[strum(serialize = "lot.matched")]
    Matched,
    /// There is no money for it.
    #[strum(serialize = "lot.unfunded")]
    Unfunded,
    /// No offer fits it.
    #[strum(serialize = "lot.unoffered")]
    Unoffered,
    /// It waits for the next round.
    #[strum(serialize = "lot.waits_for_money")]
    WaitsForMoney,
    /// Donors were asked for consent.
    #[strum(serialize = "lot.consent_asked")]
    ConsentAsked,
    /// A donor has agreed.
    #[strum(serialize = "lot.consent_given")]
    ConsentGiven,
    /// A donor has refused.
    #[strum(serialize = "lot.consent_refused")]
    ConsentRefused,
    /// A donor did not answer in time.
    #[strum(serialize = "lot.consent_expired")]
    ConsentExpired,
    /// A donor gives it in kind, if its requester accepts the goods.
    #[strum(serialize = "lot.offered_in_kind")]
    OfferedInKind,
    /// Its requester accepted the goods in kind.
    #[strum(serialize = "lot.accepted_in_kind")]
    AcceptedInKind,
    /// Its requester did not accept the goods in kind.
    #[strum(serialize = "lot.in_kind_not_accepted")]
    InKindNotAccepted,
    /// Its requester did not answer in time.
    #[strum(serialize = "lot.acceptance_expired")]
    AcceptanceExpired,
    /// A line of higher priority took its money.
    #[strum(serialize = "lot.displaced")]
    Displaced,
    /// Other donors pay for it now.
    #[strum(serialize = "lot.rerouted")]
    Rerouted,
    /// It is matched again.
    #[strum(serialize = "lot.returned_to_matching")]
    ReturnedToMatching,
    /// It waits for the end of the ordering window.
    #[strum(serialize = "lot.gathering")]
    Gathering,
    /// It is on an order.
    #[strum(serialize = "lot.ordered")]
    Ordered,
    /// The offer by which it was matched has changed.
    #[strum(serialize = "lot.offer_changed")]
    OfferChanged,
    /// The offer by which it was matched has ended.
    #[strum(serialize = "lot.offer_ended")]
    OfferEnded,
    /// Its order may be sent.
    #[strum(serialize = "lot.order_approved")]
    OrderApproved,
    /// Its order may not be sent.
    #[strum(serialize = "lot.order_not_approved")]
    OrderNotApproved,
    /// Its order was sent, and the supplier has to respond.
    #[strum(serialize = "lot.response_awaited")]
    ResponseAwaited,
    /// Its supplier was reminded to answer.
    #[strum(serialize = "lot.response_chased")]
    ResponseChased,
    /// Its supplier accepts.
    #[strum(serialize = "lot.order_accepted")]
    OrderAccepted,
    /// Its order was changed.
    #[strum(serialize = "lot.order_changed")]
    OrderChanged,
    /// Its supplier accepts on other terms.
    #[strum(serialize = "lot.terms_changed")]
    TermsChanged,
    /// Its supplier refuses.
    #[strum(serialize = "lot.refused_by_supplier")]
    RefusedBySupplier,
    /// Its order was cancelled.
    #[strum(serialize = "lot.order_cancelled")]
    OrderCancelled,
    /// It was taken off its order.
    #[strum(serialize = "lot.left_order")]
    LeftOrder,
    /// Its supplier has to deliver it.
    #[strum(serialize = "lot.delivery_awaited")]
    DeliveryAwaited,
    /// Its supplier was reminded to deliver.
    #[strum(serialize = "lot.delivery_chased")]
    DeliveryChased,
    /// It is on its way.
    #[strum(serialize = "lot.despatched")]
    Despatched,
    /// It has arrived.
    #[strum(serialize = "lot.received")]
    Received,
    /// Less than the ordered quantity arrived.
    #[strum(serialize = "lot.short")]
    Short,
    /// It arrived and was rejected.
    #[strum(serialize = "lot.rejected")]
    Rejected,
    /// What arrived was accepted.
    #[strum(serialize = "lot.accepted")]
    Accepted,
    /// A licence was activated.
    #[strum(serialize = "lot.activated")]
    Activated,
    /// What arrived was counted.
    #[strum(serialize = "lot.counted")]
    Counted,
    /// More than the ordered quantity arrived, and is bought.
    #[strum(serialize = "lot.surplus_bought")]
    SurplusBought,
    /// A part was paid in advance.
    #[strum(serialize = "lot.advance_paid")]
    AdvancePaid,
    /// A part was paid.
    #[strum(serialize = "lot.part_paid")]
    PartPaid,
    /// It is paid.
    #[strum(serialize = "lot.paid")]
    Paid,
    /// Money came back.
    #[strum(serialize = "lot.refunded")]
    Refunded,
    /// Its line was changed.
    #[strum(serialize = "lot.amended")]
    Amended,
    /// Its line has another rank.
    #[strum(serialize = "lot.ranked")]
    Ranked,
    /// Its quantity was lowered.
    #[strum(serialize = "lot.lowered")]
    Lowered,
    /// Its quantity was raised.
    #[strum(serialize = "lot.grown")]
    Grown,
    /// A part of it became a separate lot.
    #[strum(serialize = "lot.split")]
    Split,
    /// It was split off from another lot.
    #[strum(serialize = "lot.split_off")]
    SplitOff,
    /// It asks for the same as another lot, and was merged into it.
    #[strum(serialize = "lot.merged")]
    Merged,
    /// Another lot was merged into it.
    #[strum(serialize = "lot.carries_another")]
    CarriesAnother,
    /// Its line has another consignee, but it still goes to the consignee on its order.
    #[strum(serialize = "lot.consignee_kept")]
    ConsigneeKept,
    /// It goes to another consignee.
    #[strum(serialize = "lot.redirected")]
    Redirected,
    /// It stops until it is resumed.
    #[strum(serialize = "lot.held")]
    Held,
    /// It continues.
    #[strum(serialize = "lot.resumed")]
    Resumed,
    /// It is tried again.
    #[strum(serialize = "lot.retried")]
    Retried,
    /// An operator replayed what had failed.
    #[strum(serialize = "lot.replayed")]
    Replayed,
    /// It was closed, and is open again.
    #[strum(serialize = "lot.reopened")]
    Reopened,
    /// It is not wanted any more.
    #[strum(serialize = "lot.cancelled")]
    Cancelled,
    /// It waits for an operator.
    #[strum(serialize = "lot.parked")]
    Parked,
    /// An attempt failed.
    #[strum(serialize = "lot.attempt_failed")]
    AttemptFailed,
    /// The process that worked on it did not finish.
    #[strum(serialize = "lot.lease_lost")]
    LeaseLost,
    /// A step of a benchmark is done.
    #[strum(serialize = "lot.stepped")]
    Stepped,
}

impl LotEvent {
    pub const ALL: &[Self] = Self::VARIANTS;

    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The event with this name. `None` if it is not an event of a lot, or only a newer version knows it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// Whether the lot may have stopped belonging to somebody by this event. Those to whom it belonged still see
    /// the event.
    #[must_use]
    pub fn releases(self) -> bool {
        match self {
            Self::ConsentRefused
            | Self::ConsentExpired
            | Self::InKindNotAccepted
            | Self::AcceptanceExpired
            | Self::Displaced
            | Self::Rerouted
            | Self::ReturnedToMatching
            | Self::OrderNotApproved
            | Self::RefusedBySupplier
            | Self::OrderCancelled
            | Self::LeftOrder
            | Self::Short
            | Self::Rejected
            | Self::Amended
            | Self::Redirected
            | Self::Held
            | Self::Cancelled => true,
            Self::Submitted
            | Self::Validated
            | Self::ReviewAsked
            | Self::ReviewEscalated
            | Self::SentBack
            | Self::Declined
            | Self::Passed
            | Self::Revalidated
            | Self::Matched
            | Self::Unfunded
            | Self::Unoffered
            | Self::WaitsForMoney
            | Self::ConsentAsked
            | Self::ConsentGiven
            | Self::OfferedInKind
            | Self::AcceptedInKind
            | Self::Gathering
            | Self::Ordered
            | Self::OfferChanged
            | Self::OfferEnded
            | Self::OrderApproved
            | Self::ResponseAwaited
            | Self::ResponseChased
            | Self::OrderAccepted
            | Self::OrderChanged
            | Self::TermsChanged
            | Self::DeliveryAwaited
            | Self::DeliveryChased
            | Self::Despatched
            | Self::Received
            | Self::Accepted
            | Self::Activated
            | Self::Counted
            | Self::SurplusBought
            | Self::AdvancePaid
            | Self::PartPaid
            | Self::Paid
            | Self::Refunded
            | Self::Ranked
            | Self::Lowered
            | Self::Grown
            | Self::Split
            | Self::SplitOff
            | Self::Merged
            | Self::CarriesAnother
            | Self::ConsigneeKept
            | Self::Resumed
            | Self::Retried
            | Self::Replayed
            | Self::Reopened
            | Self::Parked
            | Self::AttemptFailed
            | Self::LeaseLost
            | Self::Stepped => false,
        }
    }

    /// Whether the lot's reason after this event is the one that a person gave.
    #[must_use]
    pub fn is_by_hand(self) -> bool {
        match self {
            Self::Passed
            | Self::Held
            | Self::Resumed
            | Self::Retried
            | Self::Replayed
            | Self::Reopened
            | Self::Cancelled => true,
            Self::Submitted
            | Self::Validated
            | Self::ReviewAsked
            | Self::ReviewEscalated
            | Self::SentBack
            | Self::Declined
            | Self::Revalidated
            | Self::Matched
            | Self::Unfunded
            | Self::Unoffered
            | Self::WaitsForMoney
            | Self::ConsentAsked
            | Self::ConsentGiven
            | Self::ConsentRefused
            | Self::ConsentExpired
            | Self::OfferedInKind
            | Self::AcceptedInKind
            | Self::InKindNotAccepted
            | Self::AcceptanceExpired
            | Self::Displaced
            | Self::Rerouted
            | Self::ReturnedToMatching
            | Self::Gathering
            | Self::Ordered
            | Self::OfferChanged
            | Self::OfferEnded
            | Self::OrderApproved
            | Self::OrderNotApproved
            | Self::ResponseAwaited
            | Self::ResponseChased
            | Self::OrderAccepted
            | Self::OrderChanged
            | Self::TermsChanged
            | Self::RefusedBySupplier
            | Self::OrderCancelled
            | Self::LeftOrder
            | Self::DeliveryAwaited
            | Self::DeliveryChased
            | Self::Despatched
            | Self::Received
            | Self::Short
            | Self::Rejected
            | Self::Accepted
            | Self::Activated
            | Self::Counted
            | Self::SurplusBought
            | Self::AdvancePaid
            | Self::PartPaid
            | Self::Paid
            | Self::Refunded
            | Self::Amended
            | Self::Ranked
            | Self::Lowered
            | Self::Grown
            | Self::Split
            | Self::SplitOff
            | Self::Merged
            | Self::CarriesAnother
            | Self::ConsigneeKept
            | Self::Redirected
            | Self::Parked
            | Self::AttemptFailed
            | Self::LeaseLost
            | Self::Stepped => false,
        }
    }

    /// Whether the event says that the lot has arrived.
    #[must_use]
    pub fn is_receipt(self) -> bool {
        match self {
            Self::Received | Self::Accepted | Self::Activated => true,
            Self::Submitted
            | Self::Validated
            | Self::ReviewAsked
            | Self::ReviewEscalated
            | Self::SentBack
            | Self::Declined
            | Self::Passed
            | Self::Revalidated
            | Self::Matched
            | Self::Unfunded
            | Self::Unoffered
            | Self::WaitsForMoney
            | Self::ConsentAsked
            | Self::ConsentGiven
            | Self::ConsentRefused
            | Self::ConsentExpired
            | Self::OfferedInKind
            | Self::AcceptedInKind
            | Self::InKindNotAccepted
            | Self::AcceptanceExpired
            | Self::Displaced
            | Self::Rerouted
            | Self::ReturnedToMatching
            | Self::Gathering
            | Self::Ordered
            | Self::OfferChanged
            | Self::OfferEnded
            | Self::OrderApproved
            | Self::OrderNotApproved
            | Self::ResponseAwaited
            | Self::ResponseChased
            | Self::OrderAccepted
            | Self::OrderChanged
            | Self::TermsChanged
            | Self::RefusedBySupplier
            | Self::OrderCancelled
            | Self::LeftOrder
            | Self::DeliveryAwaited
            | Self::DeliveryChased
            | Self::Despatched
            | Self::Short
            | Self::Rejected
            | Self::Counted
            | Self::SurplusBought
            | Self::AdvancePaid
            | Self::PartPaid
            | Self::Paid
            | Self::Refunded
            | Self::Amended
            | Self::Ranked
            | Self::Lowered
            | Self::Grown
            | Self::Split
            | Self::SplitOff
            | Self::Merged
            | Self::CarriesAnother
            | Self::ConsigneeKept
            | Self::Redirected
            | Self::Held
            | Self::Resumed
            | Self::Retried
            | Self::Replayed
            | Self::Reopened
            | Self::Cancelled
            | Self::Parked
            | Self::AttemptFailed
            | Self::LeaseLost
            | Self::Stepped => false,
        }
    }
}
