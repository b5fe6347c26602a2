//! Which lots are listed: the service's filters, and words that narrow its answer.

use waybill_shared::views::LotView;

use crate::client::Query;

/// The most lots in the list.
const LISTED: u64 = 200;

/// The filters of the service.
const NAMES: [&str; 9] =
    ["state", "step", "awaits", "requester", "donor", "class", "group", "item", "late"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Filter {
    /// The service's filters, by name and value.
    asked: Vec<(String, String)>,
    /// If set, only lots that are parked with this cause.
    cause: Option<String>,
    /// Only lots that contain all of these words.
    words: Vec<String>,
}

impl Default for Filter {
    /// Lots that somebody has to act on.
    fn default() -> Self {
        Self::of("state", "waiting")
    }
}

impl Filter {
    /// Lots whose `name` is `value`.
    pub(in super::super) fn of(name: &str, value: &str) -> Self {
        let asked = vec![(name.to_owned(), value.to_owned())];
        Self { asked, cause: None, words: Vec::new() }
    }

    pub(in super::super) fn parked(cause: &str) -> Self {
        Self { cause: Some(cause.to_owned()), ..Self::of("state", "parked") }
    }

    /// Changes the filter by typed text: words, and filters such as `donor=LU`, which replace the
    /// filters before.
    pub(in super::super) fn typed(&self, text: &str) -> Result<Self, String> {
        let (mut asked, mut words) = (Vec::new(), Vec::new());
        for word in text.split_whitespace() {
            match word.split_once('=') {
                Some((name, value)) if NAMES.contains(&name) && !value.is_empty() => {
                    asked.push((name.to_owned(), value.to_owned()));
                }
                Some((name, _)) if !NAMES.contains(&name) => {
                    return Err(format!("no filter `{name}`: there are {}", NAMES.join(", ")));
                }
                Some((name, _)) => {
                    return Err(format!("`{name}` needs a value: write {name}=VALUE"));
                }
                None => words.push(word.to_lowercase()),
            }
        }
        if asked.is_empty() {
            return Ok(Self { words, ..self.clone() });
        }
        Ok(Self { asked, cause: None, words })
    }

    /// The path of the request.
    pub(in super::super) fn path(&self) -> String {
        let mut query = Query::new("/v1/lots");
        query.add("sort", Some("priority"));
        for (name, value) in &self.asked {
            query.add(name, Some(value));
        }
        query.page(LISTED, None)
    }

    /// Whether a lot in the answer is shown.
    pub(in super::super) fn takes(&self, lot: &LotView) -> bool {
        let is_of_cause = self.cause.is_none() || lot.incident == self.cause;
        let says = |word: &String| {
            let id = lot.id.to_string();
            [&id, &lot.external_id, &lot.item, &lot.requester, &lot.reason]
                .into_iter()
                .chain(&lot.order)
                .any(|text| text.to_lowercase().contains(word))
        };
        is_of_cause && self.words.iter().all(says)
    }

    /// The filter as text.
    pub(in super::super) fn text(&self) -> String {
        let asked = self.asked.iter().map(|(name, value)| format!("{name}={value}"));
        let cause = self.cause.iter().map(|cause| format!("cause `{cause}`"));
        let words = self.words.iter().cloned();
        asked.chain(cause).chain(words).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_narrow_and_named_values_ask_anew() -> Result<(), String> {
        let filter = Filter::of("awaits", "consent");
        let narrowed = filter.typed("Laptop")?;
        assert_eq!(narrowed.text(), "awaits=consent laptop");
        let anew = narrowed.typed("donor=L&U state=waiting router")?;
        assert_eq!(anew.path(), "/v1/lots?sort=priority&donor=L%26U&state=waiting&limit=200");
        assert_eq!(anew.text(), "donor=L&U state=waiting router");
        assert_eq!(filter.typed(" ")?, filter);
        Ok(())
    }

    #[test]
    fn what_cannot_be_filtered_by_is_said() {
        let filter = Filter::default();
        assert!(filter.typed("colour=red").is_err_and(|why| why.contains("there are state")));
        assert!(filter.typed("donor=").is_err_and(|why| why.contains("donor=VALUE")));
    }
}
