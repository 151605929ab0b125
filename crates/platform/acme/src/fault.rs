//! Why a certificate was not obtained, and what to do.

use std::time::Duration;

use gw_tls::TlsFault;
use instant_acme::{Error, Problem};

use crate::{
    client::ClientFault,
    kept::KeptFault,
    order::POLLING,
    schedule::{Failure, Scope},
};

/// The longest that an authority's words are passed on.
const WORDS_MAX: usize = 600;

/// An attempt that came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum AcmeFault {
    /// Nobody answers at the directory's address, or not in order.
    #[error("the authority cannot be asked: {0}")]
    Unreached(ClientFault),
    /// It says that it cannot now.
    #[error("the authority cannot serve now: {0}")]
    Unavailable(String),
    /// It answers what cannot be followed.
    #[error("the authority answers what cannot be followed: {0}")]
    Misbehaves(String),
    /// It wants no account of ours.
    #[error("the authority refuses an account: {0}")]
    Account(String),
    /// It has forgotten our account.
    #[error("the authority does not know our account any more: {0}")]
    Forgotten(String),
    /// It takes no order for this host.
    #[error("the authority refuses to certify this host: {0}")]
    Refused(String),
    /// It did not find at the host what we answer there.
    #[error("the authority could not see that this host is ours: {0}")]
    Unproven(String),
    /// It wants another proof than we can give.
    #[error("the authority offers no http-01 for this host")]
    NoHttp01,
    /// It did not come to an end.
    #[error("the authority came to no end within {} s", .0.as_secs())]
    Late(Duration),
    /// What it issued is not what was asked for.
    #[error("what the authority issued is not taken up: {0}")]
    Certificate(TlsFault),
    /// Who vouches for it cannot be read.
    #[error("acme.ca: {0}")]
    Ca(TlsFault),
    /// The key of the external account.
    #[error("acme.external_account: {0}")]
    ExternalAccount(String),
    /// The data folder.
    #[error(transparent)]
    Kept(#[from] KeptFault),
    /// A key could not be made.
    #[error("a key cannot be made: {0}")]
    Key(#[from] rcgen::Error),
}

/// What was being asked for when an error came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asking {
    Account,
    Certificate,
    Proof,
}

impl AcmeFault {
    pub(crate) fn of(error: Error, asking: Asking) -> Self {
        match error {
            Error::Api(problem) => Self::said(&problem, asking),
            Error::Other(cause) => match cause.downcast::<ClientFault>() {
                Ok(fault) => Self::Unreached(*fault),
                Err(other) => Self::Misbehaves(plain(&other.to_string())),
            },
            Error::Timeout(_) => Self::Late(POLLING),
            other => Self::Misbehaves(plain(&other.to_string())),
        }
    }

    fn said(problem: &Problem, asking: Asking) -> Self {
        let words = words(problem);
        let kind = problem.r#type.as_deref().unwrap_or_default();
        if problem.status.is_some_and(|status| status >= 500) || kind.ends_with(":serverInternal") {
            return Self::Unavailable(words);
        }
        if kind.ends_with(":accountDoesNotExist") {
            return Self::Forgotten(words);
        }
        match asking {
            Asking::Account => Self::Account(words),
            Asking::Certificate => Self::Refused(words),
            Asking::Proof => Self::Unproven(words),
        }
    }

    const fn scope(&self) -> Scope {
        match self {
            Self::Refused(_)
            | Self::Unproven(_)
            | Self::NoHttp01
            | Self::Late(_)
            | Self::Certificate(_) => Scope::Host,
            _ => Scope::Authority,
        }
    }

    const fn help(&self) -> &'static str {
        match self {
            Self::Unreached(_) => {
                "check `acme.directory`, this machine's way out to it, and `acme.ca` where the authority is your own"
            }
            Self::Unavailable(_) | Self::Late(_) => "nothing to do here: it is tried again",
            Self::Misbehaves(_) | Self::Certificate(_) => {
                "check that `acme.directory` is the directory of an ACME authority (RFC 8555), and ask whoever runs it"
            }
            Self::Account(_) => "check `acme.contact` and `acme.external_account`",
            Self::Forgotten(_) => "nothing to do here: a new account is made",
            Self::Refused(_) => {
                "check with the authority's limits and policy; a [[certificate]] file for the host is the other way"
            }
            Self::Unproven(_) => {
                "see that the host's name leads to this machine and that the authority reaches its port 80, then reload gatewright to try again at once"
            }
            Self::NoHttp01 => "give the host a [[certificate]] file, or ask another authority",
            Self::Ca(_) => "correct the file",
            Self::ExternalAccount(_) => {
                "put the key that the authority gave you into the file, closed to others"
            }
            Self::Kept(_) => "check the data folder and its disk",
            Self::Key(_) => "ask for help: this should not be",
        }
    }

    /// What it means for the hosts that wait.
    pub(crate) fn into_failure(self, wait: Option<Duration>) -> Failure {
        Failure {
            scope: self.scope(),
            what: self.to_string(),
            help: self.help().to_owned(),
            wait,
        }
    }
}

/// What an authority says, with the kind of problem that it takes it for.
pub(crate) fn words(problem: &Problem) -> String {
    let kind = problem.r#type.as_deref().unwrap_or("no type");
    let kind = kind
        .strip_prefix("urn:ietf:params:acme:error:")
        .unwrap_or(kind);
    let detail = problem.detail.as_deref().unwrap_or("it does not say why");
    let mut told = format!("{detail} ({kind})");
    for one in &problem.subproblems {
        told = format!("{told}; {one}");
    }
    plain(&told)
}

/// Words from outside on one line, not too many of them.
pub(crate) fn plain(words: &str) -> String {
    let one_line = words.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut kept: String = one_line.take(WORDS_MAX).collect();
    if kept.len() < words.len() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(json: &str) -> Problem {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_concerns_one_host_leaves_the_others_alone() {
        let limited = problem(
            r#"{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many","status":429}"#,
        );
        let of = |asking| AcmeFault::said(&limited, asking).scope();
        assert_eq!(of(Asking::Certificate), Scope::Host);
        assert_eq!(of(Asking::Proof), Scope::Host);
        assert_eq!(of(Asking::Account), Scope::Authority);
        let down = problem(r#"{"type":"urn:ietf:params:acme:error:serverInternal","status":500}"#);
        assert_eq!(
            AcmeFault::said(&down, Asking::Proof).scope(),
            Scope::Authority
        );
    }

    #[test]
    fn an_authority_writes_no_second_line_and_no_novel() {
        let told = plain(&format!("a\nb\u{1b}[2Jc{}", "x".repeat(5000)));
        assert!(told.starts_with("a b [2Jc") && !told.contains(char::is_control));
        assert_eq!(told.chars().count(), WORDS_MAX + 1);
        assert_eq!(plain("short"), "short");
    }
}
