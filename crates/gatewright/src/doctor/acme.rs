//! Certificates that are obtained: how each host stands, and whether the authority finds us where it
//! looks.

use std::{collections::BTreeSet, fs, io, path::Path, time::Duration};

use futures_util::{StreamExt as _, stream};
use gw_acme::{HostState, Kept, Schedule, Trouble, Unseen, leads_here};
use gw_model::Timestamp;
use gw_tls::{Obtained, TlsFault};

use super::{finding::Finding, running::Running};
use crate::{clock::now, config::Config, output::when};

const ABOUT: &str = "certificate";
const PROOF: &str = "proof";
/// The port that authorities look at (RFC 8555, 8.3).
const PORT: u16 = 80;
/// As long as a host may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Hosts that are asked at once.
const AT_ONCE: usize = 16;

pub(super) async fn look(config: &Config, running: &Running) -> Vec<Finding> {
    if config.acme.is_none() {
        return Vec::new();
    }
    let kept = Kept::within(&config.data);
    if let Some(closed) = closed(&config.data) {
        return vec![closed];
    }
    let schedule = kept.schedule();
    let hosts = hosts(config, &schedule);
    let now = now();
    let each = hosts.iter().map(|host| {
        let found = kept.certificate(host, now);
        let state = schedule.hosts.get(host).cloned().unwrap_or_default();
        certificate(
            host,
            found,
            &state,
            schedule.authority.as_ref(),
            running,
            now,
        )
    });
    let mut found: Vec<Finding> = each.collect();
    found.extend(port(config));
    if running.is_here() {
        let port = config.listen.public_http_port;
        let asked = stream::iter(&hosts)
            .map(|host| async move { seen(host, leads_here(host, port, PATIENCE).await) });
        found.extend(asked.buffered(AT_ONCE).collect::<Vec<_>>().await);
    }
    found
}

/// Those that the file names, and those that were added while it ran.
fn hosts(config: &Config, schedule: &Schedule) -> BTreeSet<String> {
    let named = config
        .wanted
        .apps
        .iter()
        .filter_map(|app| app.served_host());
    let known = schedule.hosts.keys().map(String::as_str);
    config.obtained(named.chain(known))
}

/// That this user cannot look.
fn closed(data: &Path) -> Option<Finding> {
    let fault = fs::read_dir(data.join("acme")).err()?;
    (fault.kind() == io::ErrorKind::PermissionDenied).then(|| {
        Finding::look(ABOUT, "obtained", "this user may not look at them")
            .try_this("run `gatewright doctor` as root or as the user that runs gatewright")
    })
}

fn certificate(
    host: &str,
    found: Result<Option<Obtained>, TlsFault>,
    state: &HostState,
    authority: Option<&Trouble>,
    running: &Running,
    now: Timestamp,
) -> Finding {
    let trouble = state.trouble.as_ref().or(authority);
    let failed = trouble.map(|trouble| failure(trouble, now));
    match (found, failed) {
        (Ok(Some(held)), None) => {
            let ends = when(held.not_after(), now);
            let renewed = state.held.map_or_else(String::new, |held| {
                format!("; renewed {}", when(held.renew_at, now))
            });
            Finding::fine(ABOUT, host, format!("obtained; ends {ends}{renewed}"))
        }
        (Ok(Some(held)), Some((what, help))) => {
            let ends = when(held.not_after(), now);
            let what =
                format!("obtained; ends {ends}; the last attempt to renew it failed: {what}");
            Finding::look(ABOUT, host, what).try_this(help)
        }
        (Ok(None), Some((what, help))) => {
            Finding::wrong(ABOUT, host, format!("none yet: {what}")).try_this(help)
        }
        (Ok(None), None) if running.is_here() => {
            Finding::look(ABOUT, host, "none yet; it is being asked for")
        }
        (Ok(None), None) => Finding::look(
            ABOUT,
            host,
            "none yet; it is asked for once gatewright runs",
        ),
        (Err(fault), failed) => {
            let after = failed.map_or_else(String::new, |(what, _)| format!("; {what}"));
            Finding::wrong(ABOUT, host, format!("{fault}{after}"))
                .try_this("nothing, if gatewright runs and the authority can be asked: another one is obtained")
        }
    }
}

fn failure(trouble: &Trouble, now: Timestamp) -> (String, &str) {
    let times = match trouble.failures {
        1 => String::new(),
        many => format!(", {many} times in a row"),
    };
    let next = match trouble.next > now {
        true => format!("tried again {}", when(trouble.next, now)),
        false => "tried again now".to_owned(),
    };
    let what = format!(
        "{} ({}{times}; {next})",
        trouble.what,
        when(trouble.at, now)
    );
    (what, &trouble.help)
}

fn port(config: &Config) -> Option<Finding> {
    let port = config.listen.public_http_port;
    (port != PORT).then(|| {
        let what =
            format!("authorities look at port {PORT}, and `listen.public_http_port` is {port}");
        Finding::look(PROOF, "port 80", what).try_this("see that port 80 of each host leads here")
    })
}

fn seen(host: &str, found: Result<(), Unseen>) -> Finding {
    match found {
        Ok(()) => Finding::fine(PROOF, host, "plain HTTP to it leads here"),
        Err(fault) => Finding::look(PROOF, host, format!("from this machine, {fault}")).try_this(
            "the authority looks from elsewhere: see that its name and port 80 lead here",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn trouble() -> Trouble {
        Trouble {
            at: NOW.before(Duration::from_secs(60)),
            failures: 2,
            what: "it says no".into(),
            help: "ask it".into(),
            next: NOW.after(Duration::from_secs(180)),
            told_to_wait: false,
        }
    }

    #[tokio::test]
    async fn a_host_without_one_is_wrong_once_an_attempt_has_failed_and_it_is_said_when_the_next_is()
     {
        let nobody = Running::find(Path::new("/nowhere")).await;
        let look = |state: &HostState, authority: Option<&Trouble>| {
            certificate("a.test", Ok(None), state, authority, &nobody, NOW)
        };
        let quiet = HostState::default();
        assert_eq!(look(&quiet, None).state, State::Look);
        let failing = HostState {
            trouble: Some(trouble()),
            ..quiet.clone()
        };
        let found = look(&failing, None);
        assert_eq!(found.state, State::Wrong);
        assert_eq!(
            found.what,
            "none yet: it says no (1 minute ago, 2 times in a row; tried again in 3 minutes)"
        );
        assert_eq!(found.help.as_deref(), Some("ask it"));
        assert_eq!(look(&quiet, Some(&trouble())).state, State::Wrong);
    }

    #[test]
    fn what_cannot_be_seen_from_here_is_worth_a_look_alone() {
        assert_eq!(seen("a.test", Ok(())).state, State::Fine);
        let found = seen("a.test", Err(Unseen::Other("404".into())));
        assert_eq!(found.state, State::Look);
    }
}
