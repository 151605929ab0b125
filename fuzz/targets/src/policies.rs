//! Policy files and the files of cases beside them.

use std::{net::IpAddr, sync::LazyLock};

use gw_model::{Outcome, PolicyFile, Snapshot, Timestamp};
use gw_policy::{
    CasesFile, Explanation, Policies, PolicyFault, QuestionSpec, explain, load, read_cases,
    run_cases,
};

const DEMO: &str = include_str!("../../../policies/examples/demo.cedar");
const CASES: &str = include_str!("../../../policies/examples/cases/demo.toml");
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

static POLICIES: LazyLock<Policies> = LazyLock::new(|| load(&file(DEMO)).unwrap());

static FACTS: LazyLock<CasesFile> = LazyLock::new(|| read_cases("demo.toml", CASES).unwrap());

fn file(text: &str) -> Vec<PolicyFile> {
    vec![PolicyFile {
        name: "input.cedar".into(),
        text: text.into(),
    }]
}

/// A file is loaded, or refused with faults that have a place; what is loaded lets no stranger
/// in whom it does not name, and answers within what it says.
pub(crate) fn files(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let policies = match load(&file(text)) {
        Ok(policies) => policies,
        Err(faults) => return placed(&faults, text),
    };
    placed(policies.warnings(), text);
    let ids: Vec<_> = policies.ids().collect();
    assert!(ids.iter().all(|id| !id.to_string().is_empty()));
    let facts = &FACTS.facts;
    for action in ["http.request", "admin.read", "factor.enrol"] {
        for who in ["ana", "bo", "anonymous", "local:1000"] {
            let Some(answer) = answer(&policies, facts, who, action) else {
                continue;
            };
            let decision = &answer.decision;
            assert!(decision.valid_until > NOW);
            assert!(decision.because.iter().all(|id| ids.contains(&id)));
            let allowed = decision.outcome == Outcome::Allow;
            let named = text.contains("Anonymous") || text.contains('\\');
            assert!(
                !allowed || who != "anonymous" || named,
                "a stranger is let in by {text}"
            );
            assert!(!allowed || decision.faults.is_empty() || !decision.because.is_empty());
        }
    }
}

fn answer(policies: &Policies, facts: &Snapshot, who: &str, action: &str) -> Option<Explanation> {
    let spec = QuestionSpec {
        who: who.to_owned(),
        action: action.parse().ok()?,
        resource: match action {
            "http.request" => "wiki".to_owned(),
            "factor.enrol" => "ana".to_owned(),
            _ => String::new(),
        },
        now: None,
        authn: Vec::new(),
        session: None,
        address: Some(IpAddr::from([192, 0, 2, 7])),
        country: Some("DE".to_owned()),
        http: None,
        device: None,
        risk: None,
        proposal: None,
        token: None,
        factor: None,
    };
    let question = spec.question(facts, NOW).ok()?;
    Some(question.put(|request| explain(policies, facts, request, NOW)))
}

fn placed(faults: &[PolicyFault], text: &str) {
    let lines = text.matches('\n').count() + 1;
    for fault in faults {
        let line = usize::try_from(fault.line).unwrap();
        assert!((1..=lines).contains(&line) && fault.column >= 1, "{fault}");
        assert!(
            !fault.what.is_empty() && !fault.help.is_empty(),
            "{fault:?}"
        );
    }
}

/// A file of facts and cases, asked of the demo's policies.
pub(crate) fn cases(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match read_cases("input.toml", text) {
        Ok(file) => {
            for result in run_cases(&POLICIES, &file) {
                assert!(result.to_string().starts_with("input.toml:"));
                assert_eq!(result.passed(), result.misses.is_empty());
            }
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            placed(&faults, text);
        }
    }
}
