//! `gatewright user group`: who is in which group, and until when.

use std::process::ExitCode;

use clap::Subcommand;
use gw_api::types::{Done, Join};
use gw_model::{GroupName, Timestamp};
use http::Method;

use crate::{
    clock::now,
    command::{Shell, converse, segment},
    output::{Chip, when},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Put a person into a group.
    Add {
        /// The name to sign in with.
        user: String,
        /// The group.
        group: GroupName,
        /// When it is to end by itself: `2026-12-24T18:00:00Z`, or from now on `8h`, `3 days`.
        #[arg(long, value_name = "TIME", value_parser = until)]
        until: Option<Timestamp>,
    },
    /// Take a person out of a group.
    Remove {
        /// The name to sign in with.
        user: String,
        /// The group.
        group: GroupName,
    },
}

pub(super) fn run(shell: &Shell, command: Command) -> crate::command::Done {
    match command {
        Command::Add { user, group, until } => add(shell, &user, &group, until),
        Command::Remove { user, group } => remove(shell, &user, &group),
    }
}

fn path(user: &str, group: &GroupName) -> Result<String, crate::command::Failure> {
    Ok(format!("/v1/users/{}/groups/{group}", segment(user)?))
}

fn add(
    shell: &Shell,
    user: &str,
    group: &GroupName,
    until: Option<Timestamp>,
) -> crate::command::Done {
    let (path, client) = (path(user, group)?, shell.client()?);
    let join = Join { until };
    let answer: Done = converse(async { Ok(client.send(Method::PUT, &path, &join).await?) })?;
    shell.output.either(&answer, || {
        let ends = until.map(|until| format!(", which ends {}", when(until, now())));
        let words = format!("{user} is now in {group}{}", ends.unwrap_or_default());
        shell.output.line(Chip::Allow.words(&words))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn remove(shell: &Shell, user: &str, group: &GroupName) -> crate::command::Done {
    let (path, client) = (path(user, group)?, shell.client()?);
    let answer: Done = converse(async { Ok(client.call(Method::DELETE, &path).await?) })?;
    shell.output.either(&answer, || {
        let words = format!("{user} is no longer in {group}");
        shell.output.line(Chip::Allow.words(&words))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A moment, or how long from now.
fn until(text: &str) -> Result<Timestamp, String> {
    moment(text, now())
}

fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let at = match text.parse::<jiff::Timestamp>() {
        Ok(at) => at,
        Err(_) => later(text, now).ok_or_else(|| {
            format!("`{text}` is neither a moment (2026-12-24T18:00:00Z) nor a while (8h, 3 days)")
        })?,
    };
    let at = u64::try_from(at.as_millisecond()).map(Timestamp::from_millis);
    match at {
        Ok(at) if at > now => Ok(at),
        _ => Err(format!("`{text}` is over")),
    }
}

fn later(text: &str, now: Timestamp) -> Option<jiff::Timestamp> {
    let span: jiff::Span = text.parse().ok()?;
    let now = jiff::Timestamp::from_millisecond(i64::try_from(now.as_millis()).ok()?).ok()?;
    let now = now.to_zoned(jiff::tz::TimeZone::UTC);
    Some(now.checked_add(span).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_membership_ends_at_a_moment_or_after_a_while_and_not_before_now() {
        let now = Timestamp::from_secs(1_000_000);
        let secs = |text: &str| moment(text, now).map(|at| at.as_millis() / 1000);
        assert_eq!(secs("8h"), Ok(1_000_000 + 8 * 3600));
        assert_eq!(secs("3 days"), Ok(1_000_000 + 3 * 86_400));
        assert_eq!(secs("1970-01-13T00:00:00Z"), Ok(12 * 86_400));
        for wrong in ["1970-01-01T00:00:00Z", "-8h", "0s", "soon", "", "8"] {
            assert!(secs(wrong).is_err(), "{wrong}");
        }
    }
}
