//! Kinds of records.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// A kind of record. Its name stands in the database, in subjects (`order:PO-1`) and in exports.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum RecordKind {
    /// A change of a line that waits for something else.
    Amendment,
    /// An archive of the log.
    Archive,
    /// A file that belongs to a subject.
    Attachment,
    /// What comes on top of the price of goods.
    Charge,
    /// What is claimed of a supplier.
    Claim,
    /// A code that lines may use.
    Code,
    /// Where deliveries go.
    Consignee,
    /// The bytes of attachments, by their hash.
    Content,
    /// What a donor gives.
    Contribution,
    /// A calendar entry, and when it fires.
    Cron,
    /// Money that has arrived.
    Deposit,
    /// A day's summary.
    Digest,
    /// A document that was taken.
    Document,
    /// A file that was imported.
    File,
    /// The latest file of a name.
    FileName,
    /// The rows of an imported file.
    FileRows,
    /// What was ordered under a framework agreement.
    FrameworkUse,
    /// A record that its folder does not have any more.
    Gone,
    /// An expert group.
    Group,
    /// What is spoken for of a contribution in kind.
    InKindUse,
    /// Something that an operator has to look at.
    Incident,
    /// A document that cannot be taken yet.
    KeptDocument,
    /// Where a requester's statement and a command contradict each other.
    LineConflict,
    /// A remark on a subject.
    Note,
    /// What can be bought.
    Offer,
    /// A purchase order.
    Order,
    /// A change of an order that its supplier was asked for.
    OrderChange,
    /// The bytes of an order as they are sent.
    OrderDocument,
    /// What a supplier is sent about an order.
    OrderMessage,
    /// The last number of orders to one supplier.
    OrderSequence,
    /// Where an order is.
    OrderStatus,
    /// Who takes part.
    Party,
    /// What is paused.
    Pause,
    /// A version of the pipeline.
    Pipeline,
    /// Which part of an opening is done.
    Planned,
    /// What must not be bought.
    Prohibition,
    /// Rates of currencies on a day.
    Rates,
    /// A document that was refused.
    RefusedDocument,
    /// What a requester is called now.
    Renamed,
    /// From where a change was asked for.
    Request,
    /// The database was replaced by an older copy.
    Restore,
    /// What holds for the coalition as a whole.
    Setting,
    /// What a folder said last of a record that says something else now.
    Stated,
    /// What came beyond what was ordered.
    Surplus,
    /// An account.
    Token,
    /// A position that another event had before a restore.
    Void,
    /// A warning that was sent.
    Warning,
    /// A webhook.
    Webhook,
}

impl RecordKind {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The kind that `name` names; `None`: it is another's, or a newer version's.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// The subject of the events of the record with this id.
    #[must_use]
    pub fn subject(self, id: &str) -> String {
        format!("{self}:{id}")
    }
}
