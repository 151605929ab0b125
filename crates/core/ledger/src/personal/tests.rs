use proptest::prelude::*;

use super::*;

#[test]
fn fields_are_read_back_as_they_were_given() {
    let personal = Personal {
        address: Some("2001:db8::7".parse().unwrap()),
        network: "2001:db8::/48",
        host: "wiki.example",
        path: "/page",
        parameters: &[("page", "2"), ("sort", "a=b")],
        user: "ana",
        user_agent: "curl/8",
        details: &["Ana Example", "ana@example.org"],
    };
    let mut bytes = Vec::new();
    personal.encode(&mut bytes);
    let fields = PersonalFields::decode(&bytes);
    assert_eq!(fields.address, personal.address);
    assert_eq!(fields.network, personal.network);
    assert_eq!((&*fields.host, &*fields.path), ("wiki.example", "/page"));
    assert_eq!(fields.parameters, ["page=2", "sort=a=b"]);
    assert_eq!((&*fields.user, &*fields.user_agent), ("ana", "curl/8"));
    assert_eq!(fields.details, personal.details);
}

#[test]
fn nothing_encodes_to_nothing() {
    let mut bytes = Vec::new();
    Personal::default().encode(&mut bytes);
    assert!(bytes.is_empty() && Personal::default().is_empty());
}

proptest! {
    #[test]
    fn whatever_a_request_says_fits_and_ends_at_a_character(path in ".{0,3000}", agent in ".{0,600}") {
        let personal = Personal { path: &path, user_agent: &agent, ..Personal::default() };
        let mut bytes = Vec::new();
        personal.encode(&mut bytes);
        prop_assert!(bytes.len() <= PATH_MAX + USER_AGENT_MAX + 6);
        let fields = PersonalFields::decode(&bytes);
        prop_assert!(path.starts_with(&fields.path) && agent.starts_with(&fields.user_agent));
        prop_assert!(path.len() - fields.path.len() < 4 || fields.path.len() > PATH_MAX - 4);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        PersonalFields::decode(&bytes);
    }
}
