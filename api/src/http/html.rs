//! The frame that all HTML pages of the API share.

use maud::{DOCTYPE, Markup, html};

/// A page without scripts, with its style sheet inline.
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
