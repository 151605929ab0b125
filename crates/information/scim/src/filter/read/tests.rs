use proptest::prelude::*;

use super::*;
use crate::filter::Literal;

/// What a text is read as, with every parenthesis that there could be.
fn tree(text: &str) -> String {
    fn show(filter: &Filter) -> String {
        let all = |of: &[Filter], word: &str| {
            let shown: Vec<_> = of.iter().map(show).collect();
            format!("({})", shown.join(word))
        };
        match filter {
            Filter::And(of) => all(of, " & "),
            Filter::Or(of) => all(of, " | "),
            Filter::Not(of) => format!("!{}", show(of)),
            Filter::Values { path, filter } => format!("{path}[{}]", show(filter)),
            simple => simple.to_string(),
        }
    }
    show(&Filter::read(text).unwrap())
}

fn fault(text: &str) -> (usize, FilterTrouble) {
    let fault = Filter::read(text).unwrap_err();
    (fault.at, fault.trouble)
}

#[test]
fn the_examples_of_the_standard_are_read() {
    for text in [
        r#"userName eq "bjensen""#,
        r#"name.familyName co "O'Malley""#,
        r#"userName sw "J""#,
        r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#,
        "title pr",
        r#"meta.lastModified gt "2011-05-13T04:42:34Z""#,
        r#"title pr and userType eq "Employee""#,
        r#"title pr or userType eq "Intern""#,
        r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#,
        r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
        r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
        r#"userType eq "Employee" and (emails.type eq "work")"#,
        r#"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#,
        r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
    ] {
        let filter = Filter::read(text).unwrap();
        assert_eq!(Filter::read(&filter.to_string()).unwrap(), filter, "{text}");
    }
}

#[test]
fn not_binds_before_and_and_and_before_or() {
    assert_eq!(
        tree("a pr or b pr and not (c pr) or d pr"),
        "(a pr | (b pr & !c pr) | d pr)"
    );
    assert_eq!(tree("(a pr or b pr) and c pr"), "((a pr | b pr) & c pr)");
    assert_eq!(
        tree("a[b pr OR c PR] AND d pr"),
        "(a[(b pr | c pr)] & d pr)"
    );
}

#[test]
fn a_part_of_the_values_in_brackets_may_be_compared_behind_them() {
    let behind = Filter::read("emails[type eq \"work\" and primary eq true].value eq \"a\"");
    let within = Filter::read("emails[type eq \"work\" and primary eq true and value eq \"a\"]");
    assert_eq!(behind, within);
    assert_eq!(
        tree("emails[type pr or value pr].primary pr"),
        "emails[((type pr | value pr) & primary pr)]"
    );
    assert!(
        Filter::read("emails[type pr].").is_err() && Filter::read("emails[type pr].value").is_err()
    );
}

#[test]
fn a_name_that_begins_with_a_word_of_the_grammar_is_a_name() {
    assert_eq!(
        tree("not pr and order pr and android pr"),
        "(not pr & order pr & android pr)"
    );
    assert_eq!(tree("NOT(a pr)"), "!a pr");
}

#[test]
fn what_is_compared_with_is_read_as_json() {
    let with = |text: &str| match Filter::read(&format!("a eq {text}")).unwrap() {
        Filter::Compare { with, .. } => with,
        other => panic!("{other:?}"),
    };
    assert_eq!(with(r#""\u00e9\"\\ )""#), Literal::Text("é\"\\ )".into()));
    assert_eq!(
        with("-12.5e3"),
        Literal::Number(serde_json::from_str("-12.5e3").unwrap())
    );
    assert_eq!(
        (with("True"), with("NULL")),
        (Literal::Boolean(true), Literal::Null)
    );
}

#[test]
fn a_fault_says_where_it_is() {
    assert_eq!(
        fault(""),
        (1, FilterTrouble::Expected("the name of an attribute"))
    );
    assert_eq!(fault("userName xx 1"), (10, FilterTrouble::Operator));
    assert_eq!(fault(r#"é eq "x""#).0, 1);
    assert_eq!(
        fault(r#"a eq "é" b"#),
        (10, FilterTrouble::Expected("`and`, `or` or the end"))
    );
    assert_eq!(fault(r#"a eq "x"#), (6, FilterTrouble::Text));
    assert_eq!(fault("a eq x").0, 6);
    assert_eq!(
        fault("(a pr"),
        (6, FilterTrouble::Expected("`and`, `or` or `)`"))
    );
    assert_eq!(fault("a pr)").0, 5);
    assert_eq!(fault("a[b[c pr]]").1, FilterTrouble::Nested);
    assert_eq!(fault("a.b.c pr"), (1, FilterTrouble::Path));
    assert_eq!(
        fault("a eq 1 and"),
        (11, FilterTrouble::Expected("the name of an attribute"))
    );
}

#[test]
fn a_bomb_of_parentheses_is_refused_and_not_followed() {
    let bomb = format!("{}a pr{}", "(".repeat(5_000), ")".repeat(5_000));
    assert_eq!(fault(&bomb), (18, FilterTrouble::Deep));
    let bomb = "not (".repeat(3_000);
    assert_eq!(fault(&bomb).1, FilterTrouble::Deep);
    assert_eq!(fault(&"(".repeat(1 << 20)), (1, FilterTrouble::Long));
    assert_eq!(
        fault(&vec!["a pr"; 300].join(" or ")).1,
        FilterTrouble::Many
    );
}

#[test]
fn a_path_of_a_patch_may_name_values_and_their_part() {
    let path = ValuePath::read(r#"emails[type eq "work" and primary eq true].value"#).unwrap();
    assert_eq!(path.part.as_deref(), Some("value"));
    assert!(path.filter.is_some());
    let plain = ValuePath::read("name.givenName").unwrap();
    assert_eq!(
        (plain.filter, plain.path.part.as_deref()),
        (None, Some("givenName"))
    );
    for text in [
        "",
        "emails[",
        "emails[]",
        "a[b pr]c",
        "a[b pr].c.d",
        "a.b.c",
        "a pr",
        "a[b pr].",
        "a[b pr].urn:x:y",
    ] {
        assert!(ValuePath::read(text).is_err(), "{text}");
    }
}

fn path() -> impl Strategy<Value = AttributePath> {
    let name = || "[a-z][a-zA-Z0-9_-]{0,6}|\\$ref";
    let urn = proptest::option::of("urn:[a-z]{1,4}:[0-9]\\.0:[A-Z][a-z]{0,3}");
    (urn, name(), proptest::option::of(name())).prop_map(|(urn, name, part)| AttributePath {
        urn: urn.map(Into::into),
        name: name.into(),
        part: part.map(Into::into),
    })
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Boolean),
        any::<i64>().prop_map(|n| Literal::Number(n.into())),
        any::<String>().prop_map(|text| Literal::Text(text.into())),
    ]
}

fn simple() -> impl Strategy<Value = Filter> {
    let operator = (0..Operator::ALL.len()).prop_map(|at| Operator::ALL[at]);
    prop_oneof![
        path().prop_map(Filter::Present),
        (path(), operator, literal()).prop_map(|(path, operator, with)| Filter::Compare {
            path,
            operator,
            with
        }),
    ]
}

fn combined(leaf: BoxedStrategy<Filter>) -> impl Strategy<Value = Filter> {
    leaf.prop_recursive(3, 24, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    let values = (path(), combined(simple().boxed())).prop_map(|(path, filter)| Filter::Values {
        path,
        filter: Box::new(filter),
    });
    combined(prop_oneof![simple(), values].boxed())
}

proptest! {
    #[test]
    fn a_filter_reads_as_it_prints(filter in filter()) {
        prop_assert_eq!(Filter::read(&filter.to_string()).unwrap(), filter);
    }

    #[test]
    fn any_text_is_read_or_refused_at_a_place_within_it(text in "[a-c(\\[\\]). \"$:0-1]{0,24}|\\PC{0,24}") {
        if let Err(fault) = Filter::read(&text) {
            prop_assert!((1..=text.chars().count() + 1).contains(&fault.at));
        }
        let _ = ValuePath::read(&text);
    }
}
