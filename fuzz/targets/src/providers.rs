//! What providers of identities answer, and lists that operators bring.

use std::io::Write as _;

use gw_identity::fuzzing;

use crate::input::first_text;

/// A provider's own description, and its answer with tokens: an https provider is spoken to by
/// https alone.
pub(crate) fn answers(data: &[u8]) {
    for address in fuzzing::provider_endpoints("https://provider.example", data)
        .into_iter()
        .flatten()
    {
        assert!(address.starts_with("https://"), "{address}");
        assert!(!address.contains('#'), "{address}");
    }
    let refused = fuzzing::token_answer(data);
    assert!(refused.is_none_or(|why| why.len() < 200 && !why.contains(['\n', '\x1b'])));
}

/// A password, a line's end, and a list of breached ones: looking it up ends, and says the same
/// twice; a list is never of two kinds.
pub(crate) fn breached_list(data: &[u8]) {
    let (password, list) = first_text(data);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(list).unwrap();
    let found = fuzzing::is_breached(file.path(), password);
    assert_eq!(found, fuzzing::is_breached(file.path(), password));
    if found == Some(true) {
        let mut lines = list.split(|byte| *byte == b'\n');
        // No password at all is on a list with an empty line.
        assert!(
            password.is_empty() || lines.any(|line| !line.is_empty()),
            "it is on no empty list"
        );
    }
}
