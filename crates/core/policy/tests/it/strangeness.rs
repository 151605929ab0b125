//! Whatever bytes come, an answer comes back.

use gw_policy::{load, read_cases, run_cases};
use proptest::prelude::*;

use crate::{cases::file, generated::runs};

/// Text made of what such files are made of, so that it gets past the first token.
fn cedarish() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "@id(\"a\")",
        "@mode(\"report\")",
        "@",
        "permit",
        "forbid",
        "(",
        ")",
        "principal",
        "action",
        "resource",
        ",",
        ";",
        "when",
        "unless",
        "{",
        "}",
        "context",
        ".",
        "authn",
        "age_secs",
        "<",
        "==",
        "1",
        "9223372036854775807",
        "9223372036854775808",
        "\"x\"",
        "User::\"u\"",
        "in",
        "is",
        "User",
        "?principal",
        "has",
        "like",
        "\"*\"",
        "[",
        "]",
        "if",
        "then",
        "else",
        "&&",
        "||",
        "!",
        "-",
        "ip(\"::1\")",
        "datetime(\"2026-01-01\")",
        "\n",
        "//",
        "\u{202e}",
        "ä",
        "\0",
    ]);
    prop::collection::vec(word, 0..60).prop_map(|words| words.join(" "))
}

fn tomlish() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "version = 1\n",
        "[facts]\n",
        "[facts.groups]\n",
        "a = { in = [\"b\"] }\n",
        "b = {}\n",
        "[facts.users]\n",
        "ana = { groups = [\"b\"] }\n",
        "time_zone = \"UTC\"\n",
        "[[case]]\n",
        "name = \"x\"\n",
        "who = \"ana\"\n",
        "who = \"local:0\"\n",
        "expect = \"deny\"\n",
        "resource = \"wiki\"\n",
        "[facts.apps]\n",
        "wiki = {}\n",
        "now = \"2026-03-29T01:00:00Z\"\n",
        "now = \"9999-12-31T22:59:59Z\"\n",
        "now = \"-000001-01-01T00:00:00Z\"\n",
        "risk = 300\n",
        "authn = [{ method = \"passkey\", age_secs = 18446744073709551615 }]\n",
        "= [",
        "\"",
        "{",
        "networks = { o = [\"10.0.0.0/8\"] }\n",
        "address = \"::1\"\n",
        "ä",
        "\0",
    ]);
    prop::collection::vec(word, 0..20).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(runs(1000))]

    #[test]
    fn no_text_makes_loading_panic(text in prop_oneof![cedarish(), any::<String>()]) {
        match load(&[file("strange.cedar", &text)]) {
            Ok(policies) => prop_assert!(policies.ids().count() >= 8, "the base policies remain"),
            Err(faults) => prop_assert!(faults.iter().all(|f| f.line >= 1 && f.column >= 1)),
        }
    }

    #[test]
    fn no_bytes_make_loading_or_reading_cases_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes);
        let loaded = load(&[file("strange.cedar", &text)]);
        prop_assert!(loaded.is_ok() || loaded.is_err_and(|faults| !faults.is_empty()));
        let read = read_cases("strange.toml", &text);
        prop_assert!(read.is_ok() || read.is_err_and(|faults| !faults.is_empty()));
    }

    #[test]
    fn no_cases_make_reading_or_running_panic(text in tomlish()) {
        let policies = load(&[]).unwrap();
        match read_cases("strange.toml", &text) {
            Ok(cases) => prop_assert!(run_cases(&policies, &cases).iter().all(|r| r.line >= 1)),
            Err(faults) => prop_assert!(!faults.is_empty()),
        }
    }
}
