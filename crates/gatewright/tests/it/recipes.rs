//! The policies that are shipped to be copied: each is valid, its cases come true, and the page
//! about it says what is in its file and what people read.

use std::{
    fs,
    path::{Path, PathBuf},
};

use gw_model::{AuthnEvent, AuthnMethod, DecisionId, Outcome, PolicyFile, Timestamp};
use gw_pages::refused::{Level, Links, View};
use gw_policy::{CaseResult, Policies, load, read_cases, run_cases};
use http::StatusCode;
use toml::{Table, Value};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}

/// The folders of the recipes, in their order.
fn recipes() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("policies/recipes")).unwrap();
    let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

fn loaded(files: &[PathBuf]) -> Policies {
    let files: Vec<_> = files
        .iter()
        .map(|path| PolicyFile {
            name: path.to_string_lossy().into(),
            text: text(path).into(),
        })
        .collect();
    load(&files).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// Asks every question of a file of cases, and fails where an answer is another.
fn asked(policies: &Policies, cases: &Path) -> Vec<CaseResult> {
    assert_eq!(policies.warnings(), [], "{}", cases.display());
    let cases = read_cases(&cases.to_string_lossy(), &text(cases)).unwrap();
    let results = run_cases(policies, &cases);
    let failed: Vec<_> = results.iter().filter(|result| !result.passed()).collect();
    let shown: Vec<_> = failed.iter().map(ToString::to_string).collect();
    assert!(failed.is_empty(), "{}", shown.join("\n"));
    results
}

#[test]
fn every_recipe_opens_and_closes_what_its_cases_say() {
    let recipes = recipes();
    assert_eq!(recipes.len(), 20);
    for folder in recipes {
        let policies = loaded(&[folder.join("policies.cedar")]);
        let results = asked(&policies, &folder.join("cases/cases.toml"));
        for outcome in [Outcome::Allow, Outcome::Deny] {
            let came = |result: &CaseResult| result.explanation.decision.outcome == outcome;
            assert!(
                results.iter().any(came),
                "{}: {outcome:?}",
                folder.display()
            );
        }
    }
}

#[test]
fn every_role_may_do_what_it_is_for_with_duties_apart_and_without() {
    let roles = root().join("policies/roles");
    let (alone, apart) = (
        roles.join("roles.cedar"),
        roles.join("separation-of-duties.cedar"),
    );
    let cases = roles.join("cases/roles.toml");
    asked(&loaded(std::slice::from_ref(&alone)), &cases);
    let both = loaded(&[alone, apart]);
    asked(&both, &cases);
    asked(&both, &roles.join("cases/separation-of-duties.toml"));
}

#[test]
fn rights_take_two_people_where_the_shipped_policies_say_so() {
    let approvals = root().join("policies/approvals");
    let (alone, roles) = (
        approvals.join("approvals.cedar"),
        root().join("policies/roles/roles.cedar"),
    );
    let cases = approvals.join("cases/approvals.toml");
    asked(&loaded(std::slice::from_ref(&alone)), &cases);
    asked(&loaded(&[alone, roles]), &cases);
}

/// The page's part about each recipe, in their order.
fn parts(page: &str) -> Vec<&str> {
    page.split("\n## ").skip(1).collect()
}

#[test]
fn the_page_shows_each_recipe_as_its_file_has_it() {
    let page = text(&root().join("docs/recipes.md"));
    let parts = parts(&page);
    let recipes = recipes();
    assert_eq!(parts.len(), recipes.len());
    for (part, folder) in parts.into_iter().zip(recipes) {
        let policies = text(&folder.join("policies.cedar"));
        assert!(
            part.contains(&format!("```cedar\n{policies}```\n")),
            "{part}"
        );
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        assert!(part.contains(&format!("../policies/recipes/{name}/cases/cases.toml")));
    }
}

#[test]
fn the_page_says_what_people_read_whom_a_recipe_refuses() {
    let page = text(&root().join("docs/recipes.md"));
    let mut compared = 0;
    for (part, folder) in parts(&page).into_iter().zip(recipes()) {
        let (_, refused) = part.split_once("\nRefused: ").unwrap();
        let words: Vec<_> = refused.split('*').skip(1).step_by(2).collect();
        let Some(read) = refusal(&folder) else {
            assert!(words.is_empty(), "nobody reads that: {part}");
            continue;
        };
        assert!(!words.is_empty(), "nothing is said of: {part}");
        for phrase in words {
            assert!(read.contains(phrase), "`{phrase}` is not in: {read}");
            compared += 1;
        }
    }
    assert!(compared > 20, "{compared} phrases were compared");
}

/// What the first person reads who opens a page and is refused, strangers aside.
fn refusal(folder: &Path) -> Option<String> {
    let path = folder.join("cases/cases.toml");
    let cases: Table = text(&path).parse().unwrap();
    let results = asked(&loaded(&[folder.join("policies.cedar")]), &path);
    let all = cases["case"].as_array().unwrap();
    all.iter().zip(&results).find_map(|(case, result)| {
        let opens_a_page = case.get("action").is_none() && word(case, "who") != "anonymous";
        let denied = result.explanation.decision.outcome == Outcome::Deny;
        (opens_a_page && denied).then(|| shown(&cases, case, result))
    })
}

fn word<'a>(case: &'a Value, key: &str) -> &'a str {
    case.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The text of the page for a case that was denied.
fn shown(cases: &Table, case: &Value, result: &CaseResult) -> String {
    let facts = &cases["facts"];
    let app = word(case, "resource").split('/').next().unwrap();
    let zone = facts.get("time_zone").and_then(Value::as_str);
    let now = moment(word(case, "now"));
    let page = View {
        app: facts["apps"][app]["title"].as_str().unwrap(),
        person: Some(word(case, "who")),
        authn: &[proof(case, now)],
        remedies: &result.explanation.remedies,
        level: Level::Own,
        links: Links::default(),
        ask: None,
        decision: DecisionId::from_bits(1),
        because: &[],
        at: now,
        now,
        zone: zone.unwrap_or("UTC"),
        ended: None,
        nothing_sent: false,
    }
    .render(StatusCode::FORBIDDEN);
    without_tags(std::str::from_utf8(page.body()).unwrap())
}

fn proof(case: &Value, now: Timestamp) -> AuthnEvent {
    let method = match word(&case["authn"][0], "method") {
        "passkey" => AuthnMethod::Passkey,
        _ => AuthnMethod::SignInLink,
    };
    AuthnEvent {
        method,
        at: now,
        factor: None,
        provider: None,
    }
}

/// The instant of a case; any where it gives none.
fn moment(text: &str) -> Timestamp {
    let at = text.parse::<jiff::Timestamp>().unwrap_or_default();
    Timestamp::from_secs(at.as_second().unsigned_abs())
}

/// What is read of a page: no tags, no styles, single spaces.
fn without_tags(page: &str) -> String {
    let body = page.split_once("<body").map_or(page, |(_, body)| body);
    let words: Vec<_> = body
        .split('<')
        .filter_map(|piece| piece.split_once('>'))
        .map(|(_, words)| words)
        .collect();
    let words = words.concat();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}
