//! Which role may use which route. Unlisted routes are denied. [`waybill_shared::visibility::Visibility`] decides what
//! data a caller sees there.

use waybill_shared::domain::account::Role::{
    self, Admin, Auditor, BuyingAgent, Carrier, Donor, Observer, Operator, Recipient, Requester,
    Reviewer, Supplier,
};

/// A method, a route, and the roles that may use it.
pub type Allowed = (&'static str, &'static str, &'static [Role]);

const EVERYONE: &[Role] = &Role::ALL;
const SECRETARIAT: &[Role] = &[Admin, Operator];
/// Roles that may send commands. Which role may send which command is checked with the command.
const COMMANDERS: &[Role] = &[Admin, Operator, Reviewer, Donor, Requester];
/// Roles that see the whole coalition.
const WHOLE: &[Role] = &[Admin, Operator, Auditor, Observer];
/// Roles that report on what was given, ordered or delivered.
const SENDERS: &[Role] =
    &[Admin, Operator, Reviewer, Requester, Donor, Supplier, BuyingAgent, Carrier, Recipient];
/// Roles that see orders.
const ORDERS: &[Role] = &[
    Admin,
    Operator,
    Auditor,
    Observer,
    Requester,
    Donor,
    Supplier,
    BuyingAgent,
    Carrier,
    Recipient,
];
/// Roles that may know why money is available or missing. Those who sell and carry may not.
const PAYS: &[Role] =
    &[Admin, Operator, Auditor, Observer, Reviewer, Requester, Donor, BuyingAgent];
/// Roles that see money.
const MONEY: &[Role] = &[Admin, Operator, Auditor, Observer, Donor];

pub const ROUTES: &[Allowed] = &[
    ("GET", "/v1/me", EVERYONE),
    ("GET", "/v1/status", WHOLE),
    ("GET", "/v1/todo", EVERYONE),
    ("GET", "/v1/lots", EVERYONE),
    ("GET", "/v1/lots/{id}", EVERYONE),
    ("GET", "/v1/lots/{id}/timeline", EVERYONE),
    ("GET", "/v1/lots/{id}/why", PAYS),
    ("GET", "/v1/lines", EVERYONE),
    ("GET", "/v1/lines/{id}", EVERYONE),
    ("POST", "/v1/requisitions", &[Admin, Operator, Requester]),
    ("GET", "/v1/contributions", MONEY),
    ("GET", "/v1/contributions/{id}", MONEY),
    ("PUT", "/v1/contributions/{id}", &[Admin, Operator, Donor]),
    ("GET", "/v1/money", MONEY),
    ("GET", "/v1/arrivals", ORDERS),
    ("GET", "/v1/lead-times", WHOLE),
    ("GET", "/v1/orders", ORDERS),
    ("GET", "/v1/orders/{number}", ORDERS),
    ("GET", "/v1/orders/{number}/lots", ORDERS),
    ("GET", "/v1/orders/{number}/document", &[Admin, Operator, Auditor, Supplier, BuyingAgent]),
    ("POST", "/v1/documents", SENDERS),
    ("POST", "/v1/commands", COMMANDERS),
    // The route's name in version 0.1.0.
    ("POST", "/v1/acts", COMMANDERS),
    ("GET", "/v1/incidents", &[Admin, Operator, Auditor]),
    ("POST", "/v1/incidents/replay", SECRETARIAT),
    ("GET", "/v1/events", EVERYONE),
    ("GET", "/v1/clock", &[Admin, Operator, Auditor]),
    ("POST", "/v1/clock/accept", SECRETARIAT),
    ("GET", "/v1/cron", &[Admin, Operator, Auditor]),
    ("GET", "/v1/cron/next", &[Admin, Operator, Auditor]),
    ("POST", "/v1/cron/{name}/run", SECRETARIAT),
    ("GET", "/v1/doctor", SECRETARIAT),
    ("POST", "/v1/plan", WHOLE),
    ("GET", "/v1/check", &[Admin, Operator, Auditor]),
    ("GET", "/v1/report", WHOLE),
    ("GET", "/v1/reports/weekly", WHOLE),
    ("GET", "/v1/reports/steering", WHOLE),
    ("GET", "/v1/reports/donor/{id}", MONEY),
    ("GET", "/v1/reports/requester/{id}", &[Admin, Operator, Auditor, Observer, Requester]),
    ("GET", "/v1/audit", &[Admin, Auditor]),
    ("GET", "/v1/tokens", &[Admin]),
    ("POST", "/v1/tokens", &[Admin]),
    ("DELETE", "/v1/tokens/{id}", &[Admin]),
    ("POST", "/v1/tokens/{id}/rotate", &[Admin]),
    ("GET", "/v1/webhooks", EVERYONE),
    ("POST", "/v1/webhooks", EVERYONE),
    ("GET", "/v1/webhooks/{id}", EVERYONE),
    ("PATCH", "/v1/webhooks/{id}", EVERYONE),
    ("DELETE", "/v1/webhooks/{id}", EVERYONE),
    ("POST", "/v1/webhooks/{id}/ping", EVERYONE),
    ("POST", "/v1/webhooks/{id}/rotate", EVERYONE),
    ("GET", "/v1/webhooks/{id}/attempts", EVERYONE),
    ("GET", "/v1/webhooks/{id}/pending", EVERYONE),
    ("POST", "/v1/webhooks/{id}/replay", EVERYONE),
    // Routes for the command line. Their bodies are types of this program, not a public format.
    ("GET", "/v1/show/{id}", &[Admin, Operator, Auditor, Observer, Reviewer, Requester]),
    ("POST", "/v1/imports", SECRETARIAT),
    ("POST", "/v1/coalition", SECRETARIAT),
    ("GET", "/v1/keys", SECRETARIAT),
    ("POST", "/v1/keys/seal", SECRETARIAT),
];

/// The roles that may use `method` on `path`. `None` if there is no such route.
pub(super) fn allowed(method: &str, path: &str) -> Option<&'static [Role]> {
    let method = if method == "HEAD" { "GET" } else { method };
    let found = ROUTES.iter().find(|(m, p, _)| *m == method && *p == path);
    found.map(|(_, _, roles)| *roles)
}
