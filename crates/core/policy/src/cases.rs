//! Test cases beside the policies: facts, questions, and the answers that are expected.

use std::{fmt, sync::Arc};

use gw_model::{Lever, Outcome, Remedies, Snapshot, Timestamp};
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::{
    Explanation, Policies, PolicyFault, Question, QuestionSpec,
    clock::timestamp,
    explain,
    facts::{FactsSpec, Misfit},
    fault::Places,
};

/// The format that this reads.
const VERSION: u32 = 1;

/// The instant of cases that give none: a Wednesday noon in UTC.
const SOME_WEDNESDAY_NOON: Timestamp = Timestamp::from_secs(1_768_996_800);

/// A file of facts and cases, checked.
#[derive(Debug)]
pub struct CasesFile {
    /// Its name, for people.
    pub name: Arc<str>,
    /// The facts that its questions are asked over.
    pub facts: Snapshot,
    cases: Vec<Case>,
}

/// One question with its expected answer.
#[derive(Debug)]
struct Case {
    line: u32,
    name: String,
    question: Question,
    expected: Expected,
}

/// What a case expects; what it leaves out it does not look at.
#[derive(Debug)]
struct Expected {
    outcome: Outcome,
    because: Option<Vec<String>>,
    report: Option<Outcome>,
    remedies: Option<Vec<String>>,
    valid_until: Option<Timestamp>,
}

/// How one case came out.
#[derive(Debug, Clone, Serialize)]
pub struct CaseResult {
    /// The file.
    pub file: Arc<str>,
    /// Where the case begins.
    pub line: u32,
    /// Its name.
    pub name: String,
    /// What differs from what was expected; empty if it passed.
    pub misses: Vec<String>,
    /// The answer.
    pub explanation: Explanation,
}

impl CaseResult {
    /// Whether all that was expected came true.
    pub const fn passed(&self) -> bool {
        self.misses.is_empty()
    }
}

impl fmt::Display for CaseResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: ", self.file, self.line, self.name)?;
        if self.passed() {
            f.write_str("passed")
        } else {
            f.write_str(&self.misses.join("; "))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSpec {
    version: Spanned<u32>,
    #[serde(default)]
    facts: FactsSpec,
    #[serde(default, rename = "case")]
    cases: Vec<Spanned<CaseSpec>>,
}

/// The expectations of a case; its question is read from the same table.
#[derive(Deserialize)]
struct CaseSpec {
    name: String,
    expect: Outcome,
    because: Option<Vec<String>>,
    report: Option<Outcome>,
    remedies: Option<Vec<String>>,
    valid_until: Option<jiff::Timestamp>,
    #[serde(flatten)]
    question: toml::Table,
}

/// Reads a file of facts and cases.
///
/// # Errors
/// Everything that is wrong, with its place.
pub fn read_cases(name: &str, text: &str) -> Result<CasesFile, Vec<PolicyFault>> {
    let places = Places::of(text);
    let place = |misfit: Misfit| {
        let (line, column) = places.position(misfit.offset);
        PolicyFault {
            file: name.into(),
            line,
            column,
            policy: None,
            what: misfit.what,
            help: "see docs/policies.md for the form of a cases file".to_owned(),
        }
    };
    let all = |misfits: Vec<Misfit>| misfits.into_iter().map(place).collect::<Vec<_>>();
    let spec: FileSpec = toml::from_str(text).map_err(|error| {
        all(vec![Misfit {
            offset: error.span().map_or(0, |span| span.start),
            what: error.message().to_owned(),
        }])
    })?;
    let version = *spec.version.get_ref();
    if version != VERSION {
        let what = format!("version {version} is not known; this binary reads version {VERSION}");
        let offset = spec.version.span().start;
        return Err(all(vec![Misfit { offset, what }]));
    }
    let facts = spec.facts.snapshot().map_err(all)?;
    let mut cases = Vec::with_capacity(spec.cases.len());
    let mut misfits = Vec::new();
    for case in spec.cases {
        let offset = case.span().start;
        let (line, _) = places.position(offset);
        match case.into_inner().case(&facts, line) {
            Ok(case) => cases.push(case),
            Err(what) => misfits.push(Misfit { offset, what }),
        }
    }
    if misfits.is_empty() {
        Ok(CasesFile {
            name: name.into(),
            facts,
            cases,
        })
    } else {
        Err(all(misfits))
    }
}

impl CaseSpec {
    fn case(self, facts: &Snapshot, line: u32) -> Result<Case, String> {
        let name = self.name;
        let named = |what: String| format!("case `{name}`: {what}");
        let question: QuestionSpec = self
            .question
            .try_into()
            .map_err(|error: toml::de::Error| named(error.message().to_owned()))?;
        let question = question
            .question(facts, SOME_WEDNESDAY_NOON)
            .map_err(|fault| named(fault.to_string()))?;
        Ok(Case {
            line,
            question,
            expected: Expected {
                outcome: self.expect,
                because: self.because,
                report: self.report,
                remedies: self.remedies,
                valid_until: self.valid_until.map(|at| timestamp(at.as_millisecond())),
            },
            name,
        })
    }
}

/// Asks every question of a file, and compares.
pub fn run_cases(policies: &Policies, file: &CasesFile) -> Vec<CaseResult> {
    run_each_case(policies, file).collect()
}

/// The same, one after the other, for who cannot wait for all.
pub fn run_each_case<'a>(
    policies: &'a Policies,
    file: &'a CasesFile,
) -> impl ExactSizeIterator<Item = CaseResult> + 'a {
    file.cases.iter().map(move |case| {
        let now = case.question.now;
        let explanation = case
            .question
            .put(|request| explain(policies, &file.facts, request, now));
        CaseResult {
            file: Arc::clone(&file.name),
            line: case.line,
            name: case.name.clone(),
            misses: case.expected.misses(&explanation),
            explanation,
        }
    })
}

impl Expected {
    fn misses(&self, explanation: &Explanation) -> Vec<String> {
        let decision = &explanation.decision;
        let mut misses = Vec::new();
        if self.outcome != decision.outcome {
            let mut miss = format!(
                "expected {}, got {}",
                word(self.outcome),
                word(decision.outcome)
            );
            let because: Vec<_> = decision.because.iter().map(ToString::to_string).collect();
            if !because.is_empty() {
                miss.push_str(&format!(" because of {}", quoted(&because)));
            }
            for fault in &decision.faults {
                miss.push_str(&format!(" ({})", fault.what));
            }
            misses.push(miss);
        }
        if let Some(expected) = &self.because {
            let mut expected = expected.clone();
            expected.sort();
            let found = decision.because.iter().map(ToString::to_string).collect();
            compare("because", &expected, &found, &mut misses);
        }
        if let Some(expected) = self.report {
            let found = decision.report.as_ref();
            let found = found.map_or(decision.outcome, |report| report.outcome);
            if found != expected {
                misses.push(format!(
                    "with report-only policies expected {}, got {}",
                    word(expected),
                    word(found)
                ));
            }
        }
        if let Some(expected) = &self.remedies {
            let found = ways(&explanation.remedies);
            compare("remedies", expected, &found, &mut misses);
        }
        if let Some(expected) = self.valid_until
            && expected != decision.valid_until
        {
            misses.push(format!(
                "expected to hold until {}, holds until {}",
                moment(expected),
                moment(decision.valid_until)
            ));
        }
        misses
    }
}

fn compare(what: &str, expected: &Vec<String>, found: &Vec<String>, misses: &mut Vec<String>) {
    if expected != found {
        misses.push(format!(
            "{what}: expected {}, got {}",
            quoted(expected),
            quoted(found)
        ));
    }
}

fn quoted(words: &[String]) -> String {
    if words.is_empty() {
        return "nothing".to_owned();
    }
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allow => "allow",
        Outcome::Deny => "deny",
    }
}

/// The ways as a cases file writes them, each with its steps joined by ` + `.
fn ways(remedies: &Remedies) -> Vec<String> {
    let written = |lever: &Lever| match lever {
        Lever::SignIn => "sign-in".to_owned(),
        Lever::ConfirmWithPasskey => "confirm-with-passkey".to_owned(),
        Lever::ConfirmWithProvider(name) => format!("confirm-with-provider:{name}"),
        Lever::ConfirmWithPassword => "confirm-with-password".to_owned(),
        Lever::EnrolPasskey => "enrol-passkey".to_owned(),
        Lever::FreshLink => "fresh-link".to_owned(),
        Lever::Network(name) => format!("network {name}"),
        Lever::Time(at) => format!("time {}", moment(*at)),
        Lever::Group(group) => format!("group {group}"),
    };
    remedies
        .ways
        .iter()
        .map(|way| {
            let steps: Vec<_> = way.steps.iter().map(written).collect();
            steps.join(" + ")
        })
        .collect()
}

fn moment(at: Timestamp) -> String {
    match crate::clock::instant(at) {
        Ok(instant) => instant.to_string(),
        Err(_) => "a change of facts".to_owned(),
    }
}
