//! Takes over the whole terminal for a live view, and gives it back however the view ends.

use std::io::IsTerminal as _;

use ratatui::crossterm::event::{self, Event};
use ratatui::style::{Color, Modifier, Style};
use ratatui::{DefaultTerminal, Frame};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::look::{Meaning, wants_colours};
use crate::failure::Failure;

/// The terminal, until it is dropped. A panic also gives it back, before the panic's message is
/// printed.
pub(crate) struct Screen {
    terminal: DefaultTerminal,
}

impl Screen {
    /// Whether a person can see the terminal and type.
    pub(crate) fn is_there() -> bool {
        std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
    }

    /// Takes over the terminal.
    pub(crate) fn open() -> Result<Self, Failure> {
        match ratatui::try_init() {
            Ok(terminal) => Ok(Self { terminal }),
            Err(error) => {
                ratatui::try_restore().ok();
                let message = format!("cannot use the terminal: {error}");
                Err(Failure::caller(message, "`waybill status` prints the same once"))
            }
        }
    }

    pub(crate) fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> Result<(), Failure> {
        self.terminal
            .draw(view)
            .map(drop)
            .map_err(|error| Failure::caller(format!("cannot write to the terminal: {error}"), ""))
    }

    /// Keys and size changes as they happen. The stream ends with the terminal.
    pub(crate) fn events(&self) -> UnboundedReceiver<Event> {
        let (sender, receiver) = unbounded_channel();
        // The thread blocks while it reads, and ends with the process.
        std::thread::spawn(move || {
            while let Ok(event) = event::read() {
                if sender.send(event).is_err() {
                    break;
                }
            }
        });
        receiver
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // An error means that the terminal is gone.
        self.terminal.show_cursor().ok();
        ratatui::try_restore().ok();
    }
}

/// The style of a part of the screen with this `meaning`.
pub(crate) fn style(meaning: Meaning) -> Style {
    if !wants_colours(true) {
        return Style::new();
    }
    let of = |color: Color| Style::new().fg(color);
    match meaning {
        Meaning::Plain => Style::new(),
        Meaning::Good => of(Color::Green),
        Meaning::Warn => of(Color::Yellow),
        Meaning::Bad => of(Color::Red).add_modifier(Modifier::BOLD),
        Meaning::Way => of(Color::Cyan),
        Meaning::Faint => Style::new().add_modifier(Modifier::DIM),
        Meaning::Head => Style::new().add_modifier(Modifier::BOLD),
    }
}
