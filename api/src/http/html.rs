//! What the pages of the API have in common.

use maud::{DOCTYPE, Markup, html};

/// A page: no scripts, and its look within it.
pub(crate) fn document(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Waybill: " (title) }
                style { (maud::PreEscaped(include_str!("html.css"))) }
            }
            body { (content) }
        }
    }
}
