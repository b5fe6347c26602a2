//! `waybill watch`: shows what the service does, live on the whole screen, with keys to fix
//! problems.

mod model;
mod view;

use std::time::Duration;

use chrono::Utc;
use futures_util::StreamExt as _;
use ratatui::crossterm::event::Event;
use tokio::time::{MissedTickBehavior, interval};

use crate::args;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::Screen;
use crate::signals::Signals;
use crate::target::Target;

use model::data::Asking;
use model::state::State;

/// How often ages are updated.
const CLOCK: Duration = Duration::from_secs(1);

/// Runs until a key or a signal ends it.
pub(crate) async fn run(watch: args::Watch) -> Result<(), Failure> {
    if !Screen::is_there() {
        let message = "`waybill watch` needs a terminal, but the output is not one";
        return Err(Failure::caller(message, "`waybill status` prints the same once"));
    }
    let target = Target::of(&watch.data)?;
    Client::with(&target, async |client| {
        // Lots only move while a service runs, and it could not be started while this process holds
        // the data.
        if client.is_alone() {
            let message =
                format!("no process is running on {}: lots stand still", target.data.display());
            let hint = "start `waybill serve` first, or look once with `waybill status`";
            return Err(Failure::caller(message, hint));
        }
        follow(client, watch.every).await
    })
    .await
}

/// Shows answers from `client`, and handles keys.
async fn follow(client: &Client, every: Duration) -> Result<(), Failure> {
    let mut told = Signals::listen()?;
    let mut screen = Screen::open()?;
    let mut events = screen.events();
    let mut state = State::new(Utc::now());
    let mut asking = Asking::new(client);
    let (mut turns, mut clock) = (interval(every), interval(CLOCK));
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !state.is_over {
        state.now = Utc::now();
        screen.draw(|frame| view::draw(frame, &mut state))?;
        let asks = tokio::select! {
            () = told.wait() => break,
            event = events.recv() => match event {
                Some(Event::Key(key)) => state.key(key),
                // Any other event, such as a new size, only needs a redraw.
                Some(_) => Vec::new(),
                None => break,
            },
            Some(answer) = asking.next() => state.take(answer),
            _ = turns.tick() => state.refresh(),
            _ = clock.tick() => Vec::new(),
        };
        for ask in asks {
            asking.ask(ask);
        }
    }
    Ok(())
}
