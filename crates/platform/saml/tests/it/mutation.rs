//! Whatever is done to a signed answer, it says what it said, or nothing.

use gw_saml::{formats, idp::Shape};
use proptest::prelude::*;

use crate::support::{ASSERTION_SIGNED, Answer, BOTH_SIGNED, deliver};

/// The ranges of elements in a text.
fn elements(xml: &str) -> Vec<(usize, usize)> {
    let mut open = Vec::new();
    let mut all = Vec::new();
    for (start, _) in xml.match_indices('<') {
        let end = start + xml[start..].find('>').unwrap() + 1;
        if xml[start..].starts_with("</") {
            all.push((open.pop().unwrap(), end));
        } else {
            open.push(start);
        }
    }
    all
}

#[derive(Debug, Clone, Copy)]
enum Change {
    Copy,
    Move,
    Remove,
    Wrap,
}

/// Puts one element somewhere else, as it is or about somebody else.
fn change(xml: &str, change: Change, from: usize, to: usize, forge: bool) -> String {
    let all = elements(xml);
    let (start, end) = all[from % all.len()];
    let (before, after) = all[to % all.len()];
    let mut piece = xml[start..end].to_owned();
    if forge {
        piece = piece.replace(">ana<", ">eve<").replace("staff", "owner");
    }
    let insert = |at: usize, text: &str| format!("{}{text}{}", &xml[..at], &xml[at..]);
    match change {
        Change::Copy => insert(before, &piece),
        Change::Remove => format!("{}{}", &xml[..start], &xml[end..]),
        Change::Wrap => {
            let inner = &xml[before..after];
            let name_end = piece.find('>').unwrap() + 1;
            let wrapped = format!("{}{inner}{}", &piece[..name_end], &piece[name_end..]);
            format!("{}{wrapped}{}", &xml[..before], &xml[after..])
        }
        Change::Move if (start..end).contains(&before) => insert(before, &piece),
        Change::Move if before < start => {
            format!(
                "{}{piece}{}{}",
                &xml[..before],
                &xml[before..start],
                &xml[end..]
            )
        }
        Change::Move => {
            format!(
                "{}{}{piece}{}",
                &xml[..start],
                &xml[end..before],
                &xml[before..]
            )
        }
    }
}

fn says_the_same_or_nothing(xml: &str, shape: Shape<'_>) -> Result<(), TestCaseError> {
    if let Ok(signed_in) = deliver(xml) {
        let original = deliver(&Answer::default().xml(shape)).unwrap();
        prop_assert_eq!(signed_in, original);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn moved_copied_and_wrapped_elements(
        whole in any::<bool>(),
        steps in proptest::collection::vec(
            (
                prop_oneof![Just(Change::Copy), Just(Change::Move), Just(Change::Remove), Just(Change::Wrap)],
                any::<usize>(), any::<usize>(), any::<bool>(),
            ),
            1..4,
        ),
    ) {
        let shape = if whole { BOTH_SIGNED } else { ASSERTION_SIGNED };
        let mut xml = Answer::default().xml(shape);
        for (kind, from, to, forge) in steps {
            if elements(&xml).is_empty() {
                break;
            }
            xml = change(&xml, kind, from, to, forge);
        }
        says_the_same_or_nothing(&xml, shape)?;
    }

    #[test]
    fn changed_characters(whole in any::<bool>(), at in any::<prop::sample::Index>(), new in "[ -~]") {
        let shape = if whole { BOTH_SIGNED } else { ASSERTION_SIGNED };
        let mut xml = Answer::default().xml(shape);
        let at = at.index(xml.len());
        xml.replace_range(at..=at, &new);
        says_the_same_or_nothing(&xml, shape)?;
    }

    #[test]
    fn what_is_said_arrives(value in "[ -~äß€\\t\\n\\r]{1,40}", name in "[!-~]{1,40}") {
        let attribute = gw_saml::sp::Attribute {
            name: "a".into(),
            name_format: None,
            friendly_name: None,
            values: vec![value],
        };
        let answer = Answer {
            name_id: gw_saml::NameId::new(name, formats::UNSPECIFIED),
            attributes: vec![attribute],
            ..Answer::default()
        };
        let signed_in = deliver(&answer.xml(BOTH_SIGNED)).unwrap();
        prop_assert_eq!(signed_in.name_id, Some(answer.name_id));
        prop_assert_eq!(&signed_in.attributes[0].values, &answer.attributes[0].values);
    }
}
