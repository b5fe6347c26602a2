//! Shows the progress of long work on stderr, if that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::look;

/// A progress bar with this many steps. 0 means that the number is unknown.
pub(crate) fn progress(what: &'static str, steps: i64) -> ProgressBar {
    let steps = u64::try_from(steps).unwrap_or(0);
    let bar = match steps {
        0 => ProgressBar::new_spinner(),
        steps => ProgressBar::new(steps),
    };
    // The bar draws nothing by itself if stderr is not a terminal.
    if look::get().is_quiet {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let template = match steps {
        0 => "{spinner} {msg} {elapsed}",
        _ => "{msg} {wide_bar} {human_pos}/{human_len} {eta}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
