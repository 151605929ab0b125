//! What is going on, and what needs somebody.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use gw_model::{Principal, Session, Timestamp, Upstream};

use super::{Call, Reply, directories, proposals};
use crate::{
    recent::actor,
    types::{
        Attention, ConfigState, Counts, DecisionCounts, OpenCount, OutcomeWord, OverviewView,
        Problem, RefusedView,
    },
};

/// Reasons of refusals that are told.
const REASONS_MAX: usize = 20;

/// For how long it is shown that somebody acknowledged what was done in an emergency.
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The last hour, in seconds.
const HOUR_SECS: u64 = 3600;

pub(super) async fn show(call: &Call<'_>) -> Result<Reply, Problem> {
    let (view, now) = (call.engine().view(), call.engine().clock().now());
    let facts = &view.facts;
    let open = call.parts.desk.list().await;
    let people: BTreeSet<_> = open
        .iter()
        .map(|lease| lease.circumstances.principal)
        .collect();
    let known = people
        .iter()
        .filter(|who| **who != Principal::Anonymous)
        .count();
    let live: Vec<_> = facts
        .sessions()
        .filter(|session| is_live(session, now))
        .collect();
    let signed_in: BTreeSet<_> = live.iter().map(|session| session.user).collect();
    let (decisions, refused, window_since) = call
        .recent
        .look(|window| {
            let decisions = DecisionCounts {
                per_second: window.counted().per_second(now),
                hour: window.counted().hour(now),
            };
            (decisions, refusals(window, now), window.since(now))
        })
        .await;
    Reply::json(&OverviewView {
        now,
        epoch: facts.epoch,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: call.parts.started,
        leases: OpenCount {
            open: open.len(),
            people: known,
        },
        sessions: OpenCount {
            open: live.len(),
            people: signed_in.len(),
        },
        decisions,
        refused,
        window_since,
        attention: attention(call),
        counts: Counts {
            users: facts.users().count(),
            groups: facts.groups().count(),
            apps: facts.apps().count(),
            policies: view.policies.texts().len(),
        },
    })
}

fn is_live(session: &Session, now: Timestamp) -> bool {
    session.over(now).is_none()
}

fn refusals(window: &crate::recent::Window<'_>, now: Timestamp) -> Vec<RefusedView> {
    let mut found: BTreeMap<(String, String), (RefusedView, BTreeSet<String>)> = BTreeMap::new();
    let lately = now.as_secs().saturating_sub(HOUR_SECS);
    let denied = |line: &&crate::types::RecordLine| {
        line.outcome == OutcomeWord::Deny && line.time.as_secs() >= lately
    };
    for line in window.behind(0).filter(denied) {
        let place = line.app.clone().or_else(|| line.host.clone());
        let app = place.unwrap_or_else(|| "gatewright".to_owned());
        let (seen, people) = found
            .entry((app.clone(), line.why.clone()))
            .or_insert_with(|| {
                let none = RefusedView {
                    app,
                    why: line.why.clone(),
                    times: 0,
                    people: 0,
                    last: line.time,
                };
                (none, BTreeSet::new())
            });
        seen.times += line.count.unwrap_or(1);
        seen.last = seen.last.max(line.time);
        people.insert(line.who.clone());
    }
    let counted = found.into_values().map(|(seen, people)| RefusedView {
        people: people.len(),
        ..seen
    });
    let mut refused: Vec<_> = counted.collect();
    refused.sort_by_key(|seen| std::cmp::Reverse(seen.times));
    refused.truncate(REASONS_MAX);
    refused
}

fn many(count: usize, one: &str, several: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {several}"),
    }
}

/// What is not as it should be, and what to do.
fn attention(call: &Call<'_>) -> Vec<Attention> {
    let (view, now) = (call.engine().view(), call.engine().clock().now());
    let mut found = Vec::new();
    let mut add = |id: &str, level: &str, what: String, help: &str, link: Option<&str>| {
        found.push(Attention {
            id: id.into(),
            level: level.into(),
            what,
            help: help.into(),
            link: link.map(str::to_owned),
        });
    };
    if let ConfigState::Refused { file, faults, .. } = (call.parts.config)() {
        let what = format!(
            "{file} has faults, and what it said before is in force: {}",
            faults.join("; ")
        );
        add(
            "configuration",
            "fault",
            what,
            "Correct the file; it is read again by itself.",
            None,
        );
    }
    for entry in view.facts.break_glass() {
        let link = Some("/break-glass");
        if entry.waiting().is_some() {
            let help = "Look at what was done, undo what was not in order, and acknowledge it.";
            add(
                "break-glass",
                "fault",
                "The glass was broken.".into(),
                help,
                link,
            );
        }
        let looked = entry.acknowledged.as_ref();
        if let Some(looked) = looked.filter(|looked| now.since(looked.at) < REMEMBERED) {
            let by = actor(&view.facts, &looked.by);
            let what = format!("The glass was broken lately, and {by} acknowledged it.");
            let help = "Was it looked at by somebody who had no part in it? What was done is in the ledger.";
            add("break-glass-acknowledged", "warning", what, help, link);
        }
    }
    let waiting = proposals::to_approve(call);
    if waiting > 0 {
        let what = many(
            waiting,
            "proposed change waits for you.",
            "proposed changes wait for you.",
        );
        let help = "Look at what it does, and approve or decline it.";
        add("proposals", "note", what, help, Some("/proposals"));
    }
    for one in call.parts.directories.shown() {
        if let Some((what, level)) = directories::worth_a_look(&one.name, &one.status) {
            let help = "Look at what it says; where it waits for somebody, allow what is meant.";
            let link = format!("/providers/{}", one.name);
            add("directory", level, what, help, Some(&link));
        }
    }
    if !view.policy_faults.is_empty() {
        let what =
            "The stored policies cannot be loaded; the last good set is in force.".to_owned();
        add(
            "policies",
            "fault",
            what,
            "Apply a set without faults.",
            Some("/policies"),
        );
    }
    if let Some(fault) = call.engine().clock().fault() {
        let help = "Put the system's clock right, or confirm that it is.";
        add(
            "clock",
            "fault",
            format!("The clock cannot be trusted: {fault}"),
            help,
            Some("/settings"),
        );
    }
    let owners = view
        .facts
        .users()
        .filter(|user| !user.disabled && user.groups.iter().any(|m| m.group.as_str() == "owners"));
    let with_passkey = owners.filter(|user| user.has_passkey()).count();
    if with_passkey < 2 {
        let what = match with_passkey {
            0 => "No owner has a passkey.".to_owned(),
            _ => "Only one owner has a passkey.".to_owned(),
        };
        let help =
            "Let a second owner set one up, so that losing one key does not lock everybody out.";
        add(
            "owners",
            "warning",
            what,
            help,
            Some("/people?group=owners"),
        );
    }
    let mut sealed = view.facts.break_glass();
    if !sealed.any(|entry| entry.is_sealed() || entry.waiting().is_some()) {
        let help =
            "Seal a way in, print its code, and keep it where two people have to agree to open it.";
        add(
            "nothing-sealed",
            "note",
            "Nothing is sealed for the day on which nobody can sign in.".to_owned(),
            help,
            Some("/break-glass"),
        );
    }
    let warnings = view.policies.warnings().len();
    if warnings > 0 {
        let what = many(
            warnings,
            "policy is worth a look.",
            "policies are worth a look.",
        );
        add(
            "policy-warnings",
            "warning",
            what,
            "See what the check says of each.",
            Some("/policies"),
        );
    }
    let reports = view
        .policies
        .texts()
        .iter()
        .filter(|text| text.mode() == "report")
        .count();
    if reports > 0 {
        let what = many(
            reports,
            "policy only reports what it would change.",
            "policies only report what they would change.",
        );
        let help = "Look at what they would have refused, and let them count or take them away.";
        add("report-only", "note", what, help, Some("/policies"));
    }
    let apps = view
        .facts
        .apps()
        .filter(|app| !matches!(app.upstream, Upstream::BuiltIn(_)))
        .count();
    if apps == 0 {
        let help = "Add the first one: its name, its host, and where its requests go.";
        add(
            "no-apps",
            "note",
            "There are no apps yet.".to_owned(),
            help,
            Some("/apps/add"),
        );
    }
    found
}
