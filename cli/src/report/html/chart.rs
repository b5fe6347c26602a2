//! Bars and columns as inline SVG. Lengths are percentages of the width, so that text and patterns
//! keep their size on any screen. States also differ in pattern, so that no meaning depends on
//! colour alone.

use maud::{Markup, html};

/// The height for the figures above the columns, in pixels.
const TOP: usize = 22;

/// The height of the highest column, in pixels.
const PLOT: usize = 140;

/// The height for the names below the columns, in pixels.
const FOOT: usize = 42;

/// How many names fit below the columns on a wide screen.
const NAMES_WIDE: usize = 13;

/// How many names fit below the columns on a phone.
const NAMES_NARROW: usize = 6;

pub(crate) struct Part {
    /// The CSS class, which sets colour and pattern.
    pub(crate) class: &'static str,
    /// The size on the scale of the bar.
    pub(crate) size: i128,
    /// The text that is shown when the mouse is over the part.
    pub(crate) title: String,
}

pub(crate) struct Column {
    /// The name, on two lines.
    pub(crate) name: (String, String),
    pub(crate) size: usize,
}

/// `part` as a percentage of `whole` with one decimal. A small part is never rounded to 0, and an
/// incomplete one never to 100.
pub(crate) fn percent(part: i128, whole: i128) -> String {
    if whole <= 0 {
        return "0%".to_owned();
    }
    let tenths = (part.saturating_mul(2000) + whole) / (2 * whole);
    match tenths {
        ..=0 if part > 0 => "<0.1%".to_owned(),
        1000 if part < whole => ">99.9%".to_owned(),
        1000 => "100%".to_owned(),
        _ if part == 0 => "0%".to_owned(),
        _ => format!("{}.{}%", tenths / 10, (tenths % 10).abs()),
    }
}

/// A length for SVG and CSS, exact to a thousandth of a per cent.
fn length(part: i128, whole: i128) -> String {
    let thousandths = part.max(0).saturating_mul(100_000) / whole.max(1);
    format!("{}.{:03}%", thousandths / 1000, thousandths % 1000)
}

/// The patterns that the classes of the parts use. They must be on the page once, before the first
/// chart.
pub(crate) fn patterns() -> Markup {
    html! {
        svg.patterns width="0" height="0" aria-hidden="true" focusable="false" {
            defs {
                pattern #stripes width="7" height="7" patternUnits="userSpaceOnUse"
                    patternTransform="rotate(45)" {
                    rect.paper width="7" height="7" {}
                    rect.blue width="3.5" height="7" {}
                }
                pattern #dots width="6" height="6" patternUnits="userSpaceOnUse" {
                    rect.paper width="6" height="6" {}
                    circle.blue cx="3" cy="3" r="1.5" {}
                }
                pattern #cross width="7" height="7" patternUnits="userSpaceOnUse"
                    patternTransform="rotate(45)" {
                    rect.paper width="7" height="7" {}
                    rect.red width="7" height="2.5" {}
                    rect.red width="2.5" height="7" {}
                }
                pattern #hatch width="6" height="6" patternUnits="userSpaceOnUse"
                    patternTransform="rotate(-45)" {
                    rect.paper width="6" height="6" {}
                    rect.orange width="3.5" height="6" {}
                }
            }
        }
    }
}

/// A sample of a class, for a legend.
pub(crate) fn swatch(class: &str) -> Markup {
    html! {
        svg.swatch width="26" height="14" aria-hidden="true" focusable="false" {
            rect class=(class) x="1" y="1" width="24" height="12" {}
        }
    }
}

/// A horizontal bar of consecutive `parts`; `whole` is its full width. What exceeds `limit` is
/// marked.
pub(crate) fn bar(parts: &[Part], whole: i128, limit: Option<i128>, title: &str) -> Markup {
    let mut start = 0_i128;
    let placed: Vec<(i128, &Part)> = parts
        .iter()
        .filter(|part| part.size > 0)
        .map(|part| {
            let at = start;
            start += part.size;
            (at, part)
        })
        .collect();
    let told: Vec<&str> = placed.iter().map(|(_, part)| part.title.as_str()).collect();
    html! {
        svg.bar role="img" width="100%" height="22" {
            title { (title) }
            desc { (told.join("; ")) }
            rect.track x="0" y="1" width="100%" height="20" {}
            @for (at, part) in &placed {
                rect class=(part.class) x=(length(*at, whole)) y="1"
                    width=(length(part.size, whole)) height="20" {
                    title { (part.title) }
                }
            }
            @if let Some(limit) = limit {
                rect.beyond x=(length(limit, whole)) y="1"
                    width=(length(start - limit, whole)) height="20" {}
                line.limit x1=(length(limit, whole)) x2=(length(limit, whole)) y1="-4" y2="26" {}
            }
        }
    }
}

/// Vertical columns side by side, with their sizes above. Names are below, as far as there is room.
pub(crate) fn columns(columns: &[Column], title: &str) -> Markup {
    let highest = columns.iter().map(|column| column.size).max().unwrap_or(0).max(1);
    // With few columns, each stays slender.
    let slots = columns.len().max(8) as i128;
    let is_named = |i: usize, fit: usize| i.is_multiple_of(columns.len().div_ceil(fit).max(1));
    let center = |i: usize| length(2 * i as i128 + 1, 2 * slots);
    let told: Vec<String> = columns
        .iter()
        .map(|column| format!("{} {}: {}", column.name.0, column.name.1, column.size))
        .collect();
    let floor = TOP + PLOT;
    // Sizes are only shown above the columns if they do not overlap.
    let (is_crowded, is_dense) = (columns.len() > 14, columns.len() > 40);
    html! {
        svg.columns role="img" width="100%" height=(floor + FOOT) {
            title { (title) }
            desc { (told.join(", ")) }
            line.floor x1="0" x2="100%" y1=(floor) y2=(floor) {}
            @for (i, column) in columns.iter().enumerate() {
                @let height = column.size.saturating_mul(PLOT).div_ceil(highest);
                @if column.size > 0 {
                    rect.delivered x=(length(10 * i as i128 + 1, 10 * slots)) y=(floor - height)
                        width=(length(8, 10 * slots)) height=(height) {
                        title { (column.name.0) " " (column.name.1) ": " (column.size) }
                    }
                }
                @if !is_dense {
                    text.size .wide[is_crowded] .zero[column.size == 0] x=(center(i))
                        y=(floor - height - 6) { (column.size) }
                }
                @if is_named(i, NAMES_WIDE) || is_named(i, NAMES_NARROW) {
                    g.name .wide[!is_named(i, NAMES_NARROW)] .narrow[!is_named(i, NAMES_WIDE)] {
                        text x=(center(i)) y=(floor + 17) { (column.name.0) }
                        text x=(center(i)) y=(floor + 33) { (column.name.1) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_hides_neither_a_little_nor_a_rest() {
        for (part, whole, shown) in [
            (0, 0, "0%"),
            (0, 7, "0%"),
            (7, 7, "100%"),
            (58, 68, "85.3%"),
            (1, 100_000, "<0.1%"),
            (99_999, 100_000, ">99.9%"),
            (3, 2, "150.0%"),
        ] {
            assert_eq!(percent(part, whole), shown, "{part} of {whole}");
        }
    }

    #[test]
    fn beyond_its_limit_a_bar_is_marked_to_its_own_end() {
        let part = Part { class: "a", size: 3, title: String::new() };
        let svg = bar(&[part], 8, Some(2), "t").into_string();
        assert!(svg.contains(r#"class="beyond" x="25.000%" y="1" width="12.500%""#), "{svg}");
    }

    #[test]
    fn parts_follow_one_another_on_the_scale() {
        let part = |class, size| Part { class, size, title: format!("{class} {size}") };
        let svg = bar(&[part("a", 1), part("b", 0), part("c", 3)], 8, None, "t").into_string();
        assert!(svg.contains(r#"<rect class="a" x="0.000%" y="1" width="12.500%""#), "{svg}");
        assert!(svg.contains(r#"<rect class="c" x="12.500%" y="1" width="37.500%""#), "{svg}");
        assert!(!svg.contains(r#"class="b""#), "{svg}");
    }
}
