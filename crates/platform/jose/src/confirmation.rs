//! To which key a token is bound: `cnf` (RFC 7800, 3.1).

use serde_json::Value;

use crate::{ClaimFault, ClaimProblem, Claims, Thumbprint};

const CNF: &str = "cnf";

/// The keys that who presents a token must prove to hold; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmation {
    /// Of a DPoP key: `jkt` (RFC 9449, 6.1).
    pub dpop_key: Option<Thumbprint>,
    /// Of a client's certificate: `x5t#S256` (RFC 8705, 3.1).
    pub certificate: Option<Thumbprint>,
}

impl Confirmation {
    /// Whether all that the token is bound to has been proven: the key of a proof that holds, and
    /// the certificate of the connection.
    pub fn is_met_by(
        &self,
        dpop_key: Option<&Thumbprint>,
        certificate: Option<&Thumbprint>,
    ) -> bool {
        let met = |bound: Option<Thumbprint>, proven: Option<&Thumbprint>| {
            bound.is_none_or(|bound| proven.is_some_and(|proven| bound.matches(proven)))
        };
        met(self.dpop_key, dpop_key) && met(self.certificate, certificate)
    }

    /// Reads `cnf`; one that binds only by means that are not known here is no binding that could
    /// be checked, and is refused.
    pub(crate) fn read(claims: &Claims) -> Result<Option<Self>, ClaimFault> {
        let malformed = ClaimProblem::Malformed.of(CNF);
        let members = match claims.get(CNF) {
            None => return Ok(None),
            Some(Value::Object(members)) => members,
            Some(_) => return Err(malformed),
        };
        let thumbprint = |name| match members.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Thumbprint::parse(text).map(Some).ok_or(malformed),
            Some(_) => Err(malformed),
        };
        let read = Self {
            dpop_key: thumbprint("jkt")?,
            certificate: thumbprint("x5t#S256")?,
        };
        match read.dpop_key.or(read.certificate) {
            Some(_) => Ok(Some(read)),
            None => Err(ClaimProblem::Other.of(CNF)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> Thumbprint {
        Thumbprint::of_certificate(b"one")
    }

    fn two() -> Thumbprint {
        Thumbprint::of_certificate(b"two")
    }

    fn read(json: &str) -> Result<Option<Confirmation>, ClaimFault> {
        Confirmation::read(&Claims::new(serde_json::from_str(json).unwrap()))
    }

    #[test]
    fn a_token_that_is_bound_twice_needs_both_proofs() {
        let json = format!(r#"{{"cnf":{{"jkt":"{}","x5t#S256":"{}"}}}}"#, one(), two());
        let bound = read(&json).unwrap().unwrap();
        assert!(bound.is_met_by(Some(&one()), Some(&two())));
        for (key, certificate) in [
            (Some(one()), None),
            (None, Some(two())),
            (Some(two()), Some(one())),
            (None, None),
        ] {
            assert!(!bound.is_met_by(key.as_ref(), certificate.as_ref()));
        }
    }

    #[test]
    fn a_binding_that_cannot_be_checked_is_refused() {
        assert_eq!(read("{}"), Ok(None));
        for json in [
            r#"{"cnf":{}}"#,
            r#"{"cnf":{"kid":"k"}}"#,
            r#"{"cnf":null}"#,
            r#"{"cnf":[]}"#,
            r#"{"cnf":{"jkt":"short"}}"#,
            r#"{"cnf":{"jkt":1}}"#,
        ] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
