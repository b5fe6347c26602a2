//! Kinds of records.

use std::fmt;

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// A kind of record. The database, subjects (`order:PO-1`) and exports use its name.
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
#[strum(serialize_all = "snake_case")]
pub enum RecordKind {
    /// A change of a line that waits for something else.
    Amendment,
    /// An archive of the log.
    Archive,
    /// A file that belongs to a subject.
    Attachment,
    /// A cost on top of the price of goods.
    Charge,
    /// A claim against a supplier.
    Claim,
    /// A code that lines may use.
    Code,
    /// Where deliveries go.
    Consignee,
    /// The bytes of attachments, by their hash.
    Content,
    /// A pledge or a commitment.
    Contribution,
    /// A calendar entry, and when it fires.
    Cron,
    /// Money that has arrived.
    Deposit,
    /// A day's summary.
    Digest,
    /// A document that was accepted.
    Document,
    /// A file that was imported.
    File,
    /// The latest file with a given name.
    FileName,
    /// The rows of an imported file.
    FileRows,
    /// How much was called off from a framework contract.
    FrameworkUse,
    /// A record that is not in its folder any more.
    Gone,
    /// An expert group.
    Group,
    /// How much of a contribution in kind is reserved.
    InKindUse,
    /// A problem that an operator has to look at.
    Incident,
    /// A document that cannot be accepted yet.
    KeptDocument,
    /// A contradiction between a requester's statement and a command.
    LineConflict,
    /// A remark on a subject.
    Note,
    /// A supplier's price for an item.
    Offer,
    /// A purchase order.
    Order,
    /// A change of an order, as requested from its supplier.
    OrderChange,
    /// The bytes of an order as they are sent.
    OrderDocument,
    /// A message to a supplier about an order.
    OrderMessage,
    /// The last order number given out for one supplier.
    OrderSequence,
    /// The status of an order.
    OrderStatus,
    /// A nation, ministry, agency or company.
    Party,
    /// What is paused.
    Pause,
    /// A version of the pipeline.
    Pipeline,
    /// Whether a part of an opening was submitted.
    Planned,
    /// A rule about what must not be bought.
    Prohibition,
    /// The exchange rates of one day.
    Rates,
    /// A document that was refused.
    RefusedDocument,
    /// The new id of a renamed requester.
    Renamed,
    /// Where a request for a change came from.
    Request,
    /// The database was replaced by an older copy.
    Restore,
    /// The settings of the coalition as a whole.
    Setting,
    /// What a folder last stated about a record that says something else now.
    Stated,
    /// Goods that arrived beyond the bought quantity.
    Surplus,
    /// An account.
    Token,
    /// A position in the log that another event had before a restore.
    Void,
    /// A warning that was sent.
    Warning,
    /// A webhook.
    Webhook,
}

impl RecordKind {
    pub const ALL: &[Self] = Self::VARIANTS;

    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The kind with this name. `None` if it is not a record's, or only a newer version knows it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// The subject of events about the record with this id.
    #[must_use]
    pub fn subject(self, id: impl fmt::Display) -> String {
        format!("{self}:{id}")
    }

    /// Whether steps look up such records. Together they make up a coalition.
    #[must_use]
    pub fn is_looked_up(self) -> bool {
        match self {
            Self::Charge
            | Self::Code
            | Self::Consignee
            | Self::Contribution
            | Self::Group
            | Self::Offer
            | Self::Party
            | Self::Prohibition
            | Self::Rates
            | Self::Renamed
            | Self::Setting => true,
            Self::Amendment
            | Self::Archive
            | Self::Attachment
            | Self::Claim
            | Self::Content
            | Self::Cron
            | Self::Deposit
            | Self::Digest
            | Self::Document
            | Self::File
            | Self::FileName
            | Self::FileRows
            | Self::FrameworkUse
            | Self::Gone
            | Self::InKindUse
            | Self::Incident
            | Self::KeptDocument
            | Self::LineConflict
            | Self::Note
            | Self::Order
            | Self::OrderChange
            | Self::OrderDocument
            | Self::OrderMessage
            | Self::OrderSequence
            | Self::OrderStatus
            | Self::Pause
            | Self::Pipeline
            | Self::Planned
            | Self::RefusedDocument
            | Self::Request
            | Self::Restore
            | Self::Stated
            | Self::Surplus
            | Self::Token
            | Self::Void
            | Self::Warning
            | Self::Webhook => false,
        }
    }

    /// Whether readers of the feed may name such a record by its id alone, without the kind.
    #[must_use]
    pub fn is_named_alone(self) -> bool {
        match self {
            Self::Contribution
            | Self::Cron
            | Self::Group
            | Self::Incident
            | Self::Offer
            | Self::Order
            | Self::OrderChange
            | Self::OrderStatus
            | Self::Party
            | Self::Webhook => true,
            Self::Amendment
            | Self::Archive
            | Self::Attachment
            | Self::Charge
            | Self::Claim
            | Self::Code
            | Self::Consignee
            | Self::Content
            | Self::Deposit
            | Self::Digest
            | Self::Document
            | Self::File
            | Self::FileName
            | Self::FileRows
            | Self::FrameworkUse
            | Self::Gone
            | Self::InKindUse
            | Self::KeptDocument
            | Self::LineConflict
            | Self::Note
            | Self::OrderDocument
            | Self::OrderMessage
            | Self::OrderSequence
            | Self::Pause
            | Self::Pipeline
            | Self::Planned
            | Self::Prohibition
            | Self::Rates
            | Self::RefusedDocument
            | Self::Renamed
            | Self::Request
            | Self::Restore
            | Self::Setting
            | Self::Stated
            | Self::Surplus
            | Self::Token
            | Self::Void
            | Self::Warning => false,
        }
    }

    /// Whether a view of an earlier day includes such records.
    #[must_use]
    pub fn is_of_the_past(self) -> bool {
        match self {
            Self::Charge
            | Self::Code
            | Self::Consignee
            | Self::Contribution
            | Self::Group
            | Self::InKindUse
            | Self::Incident
            | Self::Note
            | Self::Offer
            | Self::Order
            | Self::OrderStatus
            | Self::Party
            | Self::Pipeline
            | Self::Prohibition
            | Self::Rates
            | Self::Renamed
            | Self::Setting => true,
            Self::Amendment
            | Self::Archive
            | Self::Attachment
            | Self::Claim
            | Self::Content
            | Self::Cron
            | Self::Deposit
            | Self::Digest
            | Self::Document
            | Self::File
            | Self::FileName
            | Self::FileRows
            | Self::FrameworkUse
            | Self::Gone
            | Self::KeptDocument
            | Self::LineConflict
            | Self::OrderChange
            | Self::OrderDocument
            | Self::OrderMessage
            | Self::OrderSequence
            | Self::Pause
            | Self::Planned
            | Self::RefusedDocument
            | Self::Request
            | Self::Restore
            | Self::Stated
            | Self::Surplus
            | Self::Token
            | Self::Void
            | Self::Warning
            | Self::Webhook => false,
        }
    }

    /// Whether people choose the ids of such records, and refer to the records by them.
    #[must_use]
    pub fn is_named_by_people(self) -> bool {
        match self {
            Self::Consignee | Self::Contribution | Self::Group | Self::Offer | Self::Party => true,
            Self::Amendment
            | Self::Archive
            | Self::Attachment
            | Self::Charge
            | Self::Claim
            | Self::Code
            | Self::Content
            | Self::Cron
            | Self::Deposit
            | Self::Digest
            | Self::Document
            | Self::File
            | Self::FileName
            | Self::FileRows
            | Self::FrameworkUse
            | Self::Gone
            | Self::InKindUse
            | Self::Incident
            | Self::KeptDocument
            | Self::LineConflict
            | Self::Note
            | Self::Order
            | Self::OrderChange
            | Self::OrderDocument
            | Self::OrderMessage
            | Self::OrderSequence
            | Self::OrderStatus
            | Self::Pause
            | Self::Pipeline
            | Self::Planned
            | Self::Prohibition
            | Self::Rates
            | Self::RefusedDocument
            | Self::Renamed
            | Self::Request
            | Self::Restore
            | Self::Setting
            | Self::Stated
            | Self::Surplus
            | Self::Token
            | Self::Void
            | Self::Warning
            | Self::Webhook => false,
        }
    }

    /// Whether it holds bytes as they were received or sent, rather than something that somebody stated.
    #[must_use]
    pub fn is_bytes(self) -> bool {
        match self {
            Self::Content | Self::OrderDocument => true,
            Self::Amendment
            | Self::Archive
            | Self::Attachment
            | Self::Charge
            | Self::Claim
            | Self::Code
            | Self::Consignee
            | Self::Contribution
            | Self::Cron
            | Self::Deposit
            | Self::Digest
            | Self::Document
            | Self::File
            | Self::FileName
            | Self::FileRows
            | Self::FrameworkUse
            | Self::Gone
            | Self::Group
            | Self::InKindUse
            | Self::Incident
            | Self::KeptDocument
            | Self::LineConflict
            | Self::Note
            | Self::Offer
            | Self::Order
            | Self::OrderChange
            | Self::OrderMessage
            | Self::OrderSequence
            | Self::OrderStatus
            | Self::Party
            | Self::Pause
            | Self::Pipeline
            | Self::Planned
            | Self::Prohibition
            | Self::Rates
            | Self::RefusedDocument
            | Self::Renamed
            | Self::Request
            | Self::Restore
            | Self::Setting
            | Self::Stated
            | Self::Surplus
            | Self::Token
            | Self::Void
            | Self::Warning
            | Self::Webhook => false,
        }
    }

    /// Whether it holds an address, or something that proves an identity. Audits leave out the body.
    #[must_use]
    pub fn is_confidential(self) -> bool {
        match self {
            Self::Consignee | Self::Token => true,
            Self::Amendment
            | Self::Archive
            | Self::Attachment
            | Self::Charge
            | Self::Claim
            | Self::Code
            | Self::Content
            | Self::Contribution
            | Self::Cron
            | Self::Deposit
            | Self::Digest
            | Self::Document
            | Self::File
            | Self::FileName
            | Self::FileRows
            | Self::FrameworkUse
            | Self::Gone
            | Self::Group
            | Self::InKindUse
            | Self::Incident
            | Self::KeptDocument
            | Self::LineConflict
            | Self::Note
            | Self::Offer
            | Self::Order
            | Self::OrderChange
            | Self::OrderDocument
            | Self::OrderMessage
            | Self::OrderSequence
            | Self::OrderStatus
            | Self::Party
            | Self::Pause
            | Self::Pipeline
            | Self::Planned
            | Self::Prohibition
            | Self::Rates
            | Self::RefusedDocument
            | Self::Renamed
            | Self::Request
            | Self::Restore
            | Self::Setting
            | Self::Stated
            | Self::Surplus
            | Self::Void
            | Self::Warning
            | Self::Webhook => false,
        }
    }

    /// Whether it only repeats, for machines, what other changes in the same change set say.
    #[must_use]
    pub fn is_said_elsewhere(self) -> bool {
        match self {
            Self::Content
            | Self::Document
            | Self::Incident
            | Self::OrderMessage
            | Self::Request => true,
            Self::Amendment
            | Self::Archive
            | Self::Attachment
            | Self::Charge
            | Self::Claim
            | Self::Code
            | Self::Consignee
            | Self::Contribution
            | Self::Cron
            | Self::Deposit
            | Self::Digest
            | Self::File
            | Self::FileName
            | Self::FileRows
            | Self::FrameworkUse
            | Self::Gone
            | Self::Group
            | Self::InKindUse
            | Self::KeptDocument
            | Self::LineConflict
            | Self::Note
            | Self::Offer
            | Self::Order
            | Self::OrderChange
            | Self::OrderDocument
            | Self::OrderSequence
            | Self::OrderStatus
            | Self::Party
            | Self::Pause
            | Self::Pipeline
            | Self::Planned
            | Self::Prohibition
            | Self::Rates
            | Self::RefusedDocument
            | Self::Renamed
            | Self::Restore
            | Self::Setting
            | Self::Stated
            | Self::Surplus
            | Self::Token
            | Self::Void
            | Self::Warning
            | Self::Webhook => false,
        }
    }
}
