//! Rate limits: for each account, and for each address that sends no valid token.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;

/// Requests per second from one address without a valid token.
const STRANGERS: NonZeroU32 = NonZeroU32::new(10).expect("above zero");

/// The header of the IETF draft draft-ietf-httpapi-ratelimit-headers that names the policy.
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The number of tracked accounts or addresses above which idle ones are dropped.
const KEYS: usize = 10_000;

#[derive(Clone)]
pub(crate) struct Limits {
    accounts: Option<Arc<DefaultKeyedRateLimiter<String>>>,
    strangers: Option<Arc<DefaultKeyedRateLimiter<IpAddr>>>,
    policy: HeaderValue,
}

impl Limits {
    /// Allows each account `per_second` requests a second, with bursts of twice as many, and strangers a small fixed
    /// number. 0 means no limits.
    pub(crate) fn new(per_second: u32) -> Self {
        let quota =
            |rate: NonZeroU32| Quota::per_second(rate).allow_burst(rate.saturating_mul(TWO));
        let policy = format!("\"account\";q={per_second};w=1");
        Self {
            accounts: NonZeroU32::new(per_second)
                .map(|rate| Arc::new(RateLimiter::keyed(quota(rate)))),
            strangers: (per_second > 0).then(|| Arc::new(RateLimiter::keyed(quota(STRANGERS)))),
            policy: HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("")),
        }
    }

    /// Refuses the request if the account is over its rate.
    pub(crate) fn account(&self, id: &str) -> Result<(), Problem> {
        let Some(limiter) = &self.accounts else { return Ok(()) };
        if limiter.len() > KEYS {
            limiter.retain_recent();
        }
        limiter.check_key(&id.to_owned()).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            too_many(wait.as_secs(), "this account sends more requests than it may")
        })
    }

    /// Charges the account for `more` additional requests, for a request that costs more than one.
    pub(crate) fn more(&self, id: &str, more: u32) -> Result<(), Problem> {
        let (Some(limiter), Some(more)) = (&self.accounts, NonZeroU32::new(more)) else {
            return Ok(());
        };
        let asked = limiter.check_key_n(&id.to_owned(), more);
        // If the rate never allows that many at once, the one request that was already counted is enough.
        let Ok(Err(until)) = asked else { return Ok(()) };
        let wait = until.wait_time_from(DefaultClock::default().now());
        Err(too_many(wait.as_secs(), "this account sends more requests than it may"))
    }

    /// Refuses the request if its address sends too many without a valid token, because it may be guessing tokens.
    pub(crate) fn stranger(&self, address: IpAddr) -> Result<(), Problem> {
        let Some(limiter) = &self.strangers else { return Ok(()) };
        if limiter.len() > KEYS {
            limiter.retain_recent();
        }
        limiter.check_key(&address).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            too_many(wait.as_secs(), "too many requests without a valid token from this address")
        })
    }

    /// Adds the rate limit header to the answer.
    pub(crate) fn told(&self, answer: impl IntoResponse) -> Response {
        let mut answer = answer.into_response();
        if self.accounts.is_some() {
            answer.headers_mut().insert(POLICY, self.policy.clone());
        }
        answer
    }
}

const TWO: NonZeroU32 = NonZeroU32::new(2).expect("above zero");

fn too_many(seconds: u64, detail: &str) -> Problem {
    let seconds = u32::try_from(seconds + 1).unwrap_or(u32::MAX);
    let hint = "wait for the time in Retry-After; send rows in bulk";
    Problem {
        retry_after: Some(seconds),
        ..Problem::new(ProblemKind::TooManyRequests, detail, hint)
    }
}
