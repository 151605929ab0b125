//! What is sealed for the day on which nobody can sign in, and what was used.

use std::time::Duration;

use gw_api::types::BreakGlassView;
use gw_model::Timestamp;

use super::{finding::Finding, running::Running};
use crate::{clock::now, output::when};

const ABOUT: &str = "break-glass";
/// Paper fades, and people forget where it is.
const OLD: Duration = Duration::from_secs(366 * 24 * 60 * 60);
const SEAL: &str = "gatewright break-glass seal --label WHERE";

pub(super) fn look(running: &Running) -> Vec<Finding> {
    running
        .break_glass()
        .map_or_else(Vec::new, |entries| of(entries, now()))
}

fn of(entries: &[BreakGlassView], now: Timestamp) -> Vec<Finding> {
    let current: Vec<_> = entries
        .iter()
        .filter(|entry| entry.acknowledged.is_none())
        .collect();
    if current.is_empty() {
        let what = "nothing is sealed for the day on which nobody can sign in";
        return vec![Finding::look(ABOUT, "sealed ways in", what).try_this(SEAL)];
    }
    current.into_iter().map(|entry| one(entry, now)).collect()
}

fn one(entry: &BreakGlassView, now: Timestamp) -> Finding {
    let label = entry.label.as_deref().unwrap_or_default();
    let which = format!("{} ({})", entry.id, gw_ledger::escape(label));
    if let Some(used) = entry.waiting() {
        let what = format!(
            "was used {} from {}, and nobody has acknowledged it",
            when(used.at, now),
            used.address.as_deref().unwrap_or("somewhere")
        );
        let help = format!(
            "look at what was done, then `gatewright break-glass acknowledge {}`",
            entry.id
        );
        return Finding::wrong(ABOUT, which, what).try_this(help);
    }
    if !entry.opens {
        let what = "is of no use: a `forbid` keeps whoever uses it from administering";
        return Finding::wrong(ABOUT, which, what)
            .try_this("let the policy except `context.authn.methods.contains(\"break-glass\")`");
    }
    if now.since(entry.made_at) > OLD {
        let what = "is more than a year old: whether the paper is still there, nobody has looked";
        let help = format!("{SEAL}, then `gatewright break-glass revoke {}`", entry.id);
        return Finding::look(ABOUT, which, what).try_this(help);
    }
    Finding::fine(ABOUT, which, "is sealed")
}

#[cfg(test)]
mod tests {
    use gw_api::types::{AcknowledgedView, BreakGlassUseView};
    use gw_model::{BreakGlassId, SessionId};

    use super::*;
    use crate::doctor::State;

    fn sealed(made: u64) -> BreakGlassView {
        BreakGlassView {
            id: BreakGlassId::from_bits(1),
            label: Some("safe".into()),
            made_by: Some("uid 0 on the machine".into()),
            made_at: Timestamp::from_secs(made),
            used: None,
            acknowledged: None,
            opens: true,
        }
    }

    #[test]
    fn what_is_missing_old_of_no_use_or_used_is_told() {
        let now = Timestamp::from_secs(1_800_000_000);
        let state = |entries: &[BreakGlassView]| of(entries, now)[0].state;
        assert_eq!(state(&[]), State::Look);
        assert_eq!(state(&[sealed(1_799_000_000)]), State::Fine);
        assert_eq!(state(&[sealed(1_700_000_000)]), State::Look);
        let barred = BreakGlassView {
            opens: false,
            ..sealed(1_799_000_000)
        };
        assert_eq!(state(&[barred]), State::Wrong);
        let used = BreakGlassView {
            used: Some(BreakGlassUseView {
                at: now,
                user: "break-glass".into(),
                session: SessionId::from_bits(1),
                client: Some("curl".into()),
                address: Some("192.0.2.1".into()),
                ends: now,
                open: false,
            }),
            ..sealed(1_799_000_000)
        };
        assert_eq!(state(std::slice::from_ref(&used)), State::Wrong);
        let looked_at = BreakGlassView {
            acknowledged: Some(AcknowledgedView {
                at: now,
                by: "olga".into(),
            }),
            ..used
        };
        assert_eq!(state(&[looked_at]), State::Look, "and nothing is sealed");
    }
}
