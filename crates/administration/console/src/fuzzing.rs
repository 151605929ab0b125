//! What fuzzing reaches of the readers that are this crate's own. Not for any other use.

use gw_model::{Snapshot, Timestamp};

/// Whether each check of an assertion holds, the signature's first; one alone where there is none.
pub fn checks(
    raw: &str,
    audience: &str,
    issuer_host: &str,
    subject: &str,
    facts: &Snapshot,
    now: Timestamp,
) -> Vec<bool> {
    let expected = [audience, issuer_host, subject].map(|text| Some(text.to_owned()));
    crate::verify::holding(raw, expected, facts, now)
}
