//! Pages of a listing. A cursor names the last item of a page. So whatever is written in the meantime, the pages
//! neither skip nor repeat an item that existed all along.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use waybill_shared::domain::admissible;

use crate::queries::error::QueryError;

/// The default number of items on a page.
pub(crate) const LIMIT: u32 = 100;

/// The largest number of items on a page.
pub(crate) const MOST: u32 = 10_000;

/// The number of items for a page, from the number that the caller asks for.
///
/// # Errors
/// A [`QueryError`] if it is not between 1 and [`MOST`].
pub(crate) fn limit(asked: Option<u32>) -> Result<usize, QueryError> {
    match asked.unwrap_or(LIMIT) {
        limit @ 1..=MOST => Ok(limit as usize),
        other => {
            let detail = format!("{other} is not between 1 and {MOST}");
            Err(QueryError::field("limit", detail, "ask for fewer in one page"))
        }
    }
}

/// A cursor that continues after `key` in a listing of `kind`.
pub(crate) fn cursor(kind: &str, key: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{kind}:{key}"))
}

/// The key inside a cursor of a listing of `kind`.
///
/// # Errors
/// A [`QueryError`] if the text is not a cursor of such a listing.
pub(crate) fn after(kind: &str, cursor: Option<&str>) -> Result<Option<String>, QueryError> {
    let Some(cursor) = cursor else { return Ok(None) };
    let read = || {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let key = text.strip_prefix(kind)?.strip_prefix(':')?.to_owned();
        admissible::in_one_line(&key, usize::MAX).is_none().then_some(key)
    };
    let hint = "use the `next` value of an earlier page of the same listing";
    let bad = || QueryError::field("cursor", "it is not a cursor of this listing", hint);
    read().ok_or_else(bad).map(Some)
}

/// The page of `all`, which is ordered by key, after the cursor. Also returns the cursor of the next page.
pub(crate) fn cut<T>(
    all: impl IntoIterator<Item = T>,
    kind: &str,
    query: (Option<&str>, Option<u32>),
    key: impl Fn(&T) -> String,
) -> Result<(Vec<T>, Option<String>), QueryError> {
    let (after, limit) = (after(kind, query.0)?, limit(query.1)?);
    let is_later = |item: &T| after.as_ref().is_none_or(|after| key(item) > *after);
    let mut items: Vec<T> = all.into_iter().filter(is_later).take(limit + 1).collect();
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| has_more).map(|last| cursor(kind, &key(last)));
    Ok((items, next))
}
