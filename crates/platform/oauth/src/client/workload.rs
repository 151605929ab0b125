//! What an issuer elsewhere says of a workload that is a client here.

use std::{collections::BTreeMap, fmt};

use gw_jose::Claims;
use gw_model::ProviderName;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most rules of one client.
pub const WORKLOAD_RULES_MAX: usize = 16;
/// The most claims that a rule names.
const CLAIMS_MAX: usize = 16;
/// The longest text of a claim that a rule names, in bytes.
const TEXT_BYTES_MAX: usize = 512;

/// A workload as an issuer describes it: all that is named holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkloadRule {
    /// The issuer, by its name in the file.
    pub issuer: ProviderName,
    /// What its token claims.
    pub claims: BTreeMap<String, ClaimPattern>,
}

/// The text of a claim, to the letter; or how it begins, where a `*` stands at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClaimPattern(String);

/// A text says nothing about a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "is 1 to {TEXT_BYTES_MAX} bytes of text; a `*` is the last of it, and something stands before it"
)]
pub struct ClaimPatternFault;

impl ClaimPattern {
    /// Reads one.
    ///
    /// # Errors
    /// Where it would hold for everything, is too long, or has a `*` elsewhere than at its end.
    pub fn parse(text: &str) -> Result<Self, ClaimPatternFault> {
        let beginning = text.strip_suffix('*').unwrap_or(text);
        let is_fit = (1..=TEXT_BYTES_MAX).contains(&beginning.len())
            && !beginning.contains('*')
            && !beginning.chars().any(char::is_control);
        is_fit
            .then(|| Self(text.to_owned()))
            .ok_or(ClaimPatternFault)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a claim says that. One that is no text says something else: of a list nobody knows
    /// which of it is meant.
    fn holds(&self, claim: Option<&Value>) -> bool {
        let Some(Value::String(text)) = claim else {
            return false;
        };
        match self.0.strip_suffix('*') {
            Some(beginning) => text.starts_with(beginning),
            None => *text == self.0,
        }
    }
}

impl TryFrom<String> for ClaimPattern {
    type Error = ClaimPatternFault;
    fn try_from(text: String) -> Result<Self, ClaimPatternFault> {
        Self::parse(&text)
    }
}

impl From<ClaimPattern> for String {
    fn from(pattern: ClaimPattern) -> Self {
        pattern.0
    }
}

impl fmt::Display for ClaimPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl WorkloadRule {
    /// Whether what this issuer claims is what it names; a rule that names nothing never holds.
    pub fn holds(&self, issuer: &ProviderName, claims: &Claims) -> bool {
        let says = |(name, pattern): (&String, &ClaimPattern)| pattern.holds(claims.get(name));
        self.issuer == *issuer && !self.claims.is_empty() && self.claims.iter().all(says)
    }

    /// Whether it names something, and no more than it may.
    pub(super) fn is_fit(&self) -> bool {
        let is_name = |name: &String| (1..=TEXT_BYTES_MAX).contains(&name.len());
        (1..=CLAIMS_MAX).contains(&self.claims.len()) && self.claims.keys().all(is_name)
    }
}

impl fmt::Display for WorkloadRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.issuer)?;
        for (position, (name, pattern)) in self.claims.iter().enumerate() {
            let separator = if position == 0 { " " } else { ", " };
            write!(f, "{separator}{name} = {pattern}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_never_holds_for_everything() {
        for text in ["", "*", "a*b", "**", "a**", "a\nb", &"a".repeat(513)] {
            assert!(ClaimPattern::parse(text).is_err(), "{text:?}");
        }
        for text in ["a", "repo:acme/shop:*", "refs/heads/main"] {
            assert_eq!(ClaimPattern::parse(text).unwrap().as_str(), text);
        }
        assert!(serde_json::from_str::<ClaimPattern>("\"*\"").is_err());
    }

    #[test]
    fn a_claim_is_compared_to_the_letter() {
        let exact = ClaimPattern::parse("acme/shop").unwrap();
        let beginning = ClaimPattern::parse("repo:acme/*").unwrap();
        assert!(exact.holds(Some(&json!("acme/shop"))));
        assert!(beginning.holds(Some(&json!("repo:acme/shop:ref:refs/heads/main"))));
        for other in [
            json!("Acme/shop"),
            json!("acme/shop2"),
            json!("acme/shop "),
            json!(["acme/shop"]),
            json!(["acme/shop", "other/repo"]),
            json!({"acme/shop": true}),
            json!(true),
            json!(null),
            json!(""),
        ] {
            assert!(!exact.holds(Some(&other)), "{other}");
            assert!(!beginning.holds(Some(&other)), "{other}");
        }
        assert!(!exact.holds(None));
        assert!(!beginning.holds(Some(&json!("repo:acme-evil/shop"))));
    }
}
