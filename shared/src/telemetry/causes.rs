//! Errors with their causes, in one line.

use std::error::Error;

/// The text of `error` and its causes, outermost first: `cannot read a row: disk I/O error`.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// The causes of `error` without its own text; empty if there are none.
#[must_use]
pub fn causes(error: &dyn Error) -> String {
    error.source().map(with_causes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    #[test]
    fn causes_follow_one_another() {
        let source = serde_json::from_str::<u8>("x").expect_err("no number");
        let because = source.to_string();
        let error = StoreError::Corrupt { subject: "order:PO-1".to_owned(), source };
        assert_eq!(with_causes(&error), format!("{error}: {because}"));
        assert_eq!(causes(&error), because);
    }
}
