//! Whether a Gatewright runs on the data folder, by its own word.

use std::path::Path;

use gw_api::{
    Client, ClientError, Socket,
    types::{BreakGlassView, ClockView, Listing},
};
use http::Method;

use super::finding::Finding;

/// The Gatewright of a data folder.
#[derive(Debug)]
pub(super) struct Running {
    state: State,
    /// The process that holds the data folder, as it says in there.
    pub(super) pid: Option<u32>,
}

#[derive(Debug)]
enum State {
    No,
    /// It runs, and says what it thinks of the clock and what is sealed.
    Yes(ClockView, Vec<BreakGlassView>),
    /// It runs and does not talk to this user, or not in order.
    Silent(String),
}

impl Running {
    pub(super) async fn find(data: &Path) -> Self {
        let client = Client::new(Socket::socket_in(data));
        let state = match ask(&client).await {
            Ok((clock, sealed)) => State::Yes(clock, sealed),
            Err(ClientError::NotRunning { .. }) => State::No,
            Err(fault) => State::Silent(fault.to_string()),
        };
        let pid = match state {
            State::No => None,
            _ => std::fs::read_to_string(data.join("lock")).ok(),
        };
        Self {
            state,
            pid: pid.and_then(|text| text.trim().parse().ok()),
        }
    }

    pub(super) const fn is_here(&self) -> bool {
        !matches!(self.state, State::No)
    }

    /// What it thinks of the system's clock, if it says so.
    pub(super) const fn clock(&self) -> Option<&ClockView> {
        match &self.state {
            State::Yes(clock, _) => Some(clock),
            _ => None,
        }
    }

    /// What is sealed for an emergency, if it says so.
    pub(super) fn break_glass(&self) -> Option<&[BreakGlassView]> {
        match &self.state {
            State::Yes(_, sealed) => Some(sealed),
            _ => None,
        }
    }

    pub(super) fn finding(&self) -> Finding {
        let pid = self
            .pid
            .map_or_else(String::new, |pid| format!(" as process {pid}"));
        match &self.state {
            State::Yes(..) => Finding::fine("gatewright", "process", format!("it runs{pid}")),
            State::No => Finding::look("gatewright", "process", "it does not run")
                .try_this("gatewright up -c FILE, or `systemctl start gatewright`"),
            State::Silent(fault) => {
                Finding::look("gatewright", "process", format!("it runs{pid}; {fault}"))
                    .try_this("run `gatewright doctor` as root or as the user that runs gatewright")
            }
        }
    }
}

async fn ask(client: &Client) -> Result<(ClockView, Vec<BreakGlassView>), ClientError> {
    let clock = client.call(Method::GET, "/v1/clock").await?;
    let sealed: Listing<BreakGlassView> = client.call(Method::GET, "/v1/break-glass").await?;
    Ok((clock, sealed.items))
}
