use gw_model::PolicyFile;
use gw_policy::{PolicyFault, load, read_cases, run_cases};

pub(crate) fn file(name: &str, text: &str) -> PolicyFile {
    PolicyFile {
        name: name.into(),
        text: text.into(),
    }
}

pub(crate) fn listed(faults: &[PolicyFault]) -> String {
    let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

const WIKI: &str = r#"
@id("wiki-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");
"#;

#[test]
fn a_case_that_fails_says_what_was_expected_and_what_came() {
    let policies = load(&[file("wiki.cedar", WIKI)]).unwrap();
    let cases = read_cases(
        "wiki.toml",
        r#"
version = 1
[facts]
groups = { staff = {} }
users = { ana = { groups = ["staff"] } }
apps = { wiki = {}, other = {} }

[[case]]
name = "the wiki is open"
who = "ana"
resource = "wiki"
expect = "deny"
because = []

[[case]]
name = "everything is open"
who = "ana"
resource = "other"
expect = "allow"
remedies = ["group admins"]
"#,
    )
    .unwrap();
    let results: Vec<_> = run_cases(&policies, &cases)
        .iter()
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!(results.join("\n"));
}

#[test]
fn malformed_cases_are_refused_with_their_place() {
    let texts = [
        "version = 2",
        "version = 1\nhello = 1",
        "version = 1\n[facts.users]\nana = { groups = [\"staff\"] }",
        "version = 1\n[facts.users]\nana = { groups = [\"Staff!\"] }",
        "version = 1\n[facts.groups]\na = { in = [\"b\"] }\nb = { in = [\"a\"] }",
        "version = 1\n[facts.apps]\nwiki = { time_zone = \"Mars/Olympus\" }",
        "version = 1\n\n[[case]]\nname = \"x\"\nwho = \"ana\"\nexpect = \"allow\"\nresource = \"wiki\"",
        "version = 1\n\n[[case]]\nname = \"x\"\nwho = \"anonymous\"\nexpect = \"maybe\"",
        "version = 1\n\n[[case]]\nname = \"x\"\nwho = \"anonymous\"\nexpect = \"deny\"\nadress = \"::1\"",
        "version = 1\n\n[[case]]\nname = \"x\"\nwho = \"anonymous\"\nexpect = \"deny\"\naction = \"admin.read\"\nresource = \"wiki\"",
        "version = 1\n\n[[case]]\nname = \"x\"\nwho = \"anonymous\"\nexpect = \"deny\"\nresource = \"wiki\"\nauthn = [{ method = \"pin-code\" }]",
        "version = ",
    ];
    let faults: Vec<_> = texts
        .iter()
        .map(|text| listed(&read_cases("cases.toml", text).unwrap_err()))
        .collect();
    insta::assert_snapshot!(faults.join("\n---\n"));
}
