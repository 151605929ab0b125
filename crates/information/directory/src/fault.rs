//! Why a directory could not be read, and what to do.

use std::time::Duration;

use gw_outbound::OutboundFault;
use gw_tls::TlsFault;

use crate::{
    message::{MessageFault, Outcome, ResultCode},
    settings::{Certificate, Settings, SettingsFault},
    text::shown,
};

/// Why a directory could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryFault {
    /// The settings cannot be meant.
    #[error("the settings cannot be used: {0}")]
    Settings(SettingsFault),
    /// Who vouches for the servers cannot be read.
    #[error("whom to believe is not known: {0}")]
    Ca(#[from] TlsFault),
    /// Nobody answers, or not as who they should be.
    #[error(transparent)]
    Outbound(#[from] OutboundFault),
    /// The connection broke off.
    #[error("the connection broke off: {0}")]
    Broken(std::io::Error),
    /// It was closed where an answer belongs, perhaps with a word.
    #[error("the server closed the connection{0}")]
    Closed(String),
    /// Too slow.
    #[error("no answer within {} s", .0.as_secs())]
    Slow(Duration),
    /// What came is no answer.
    #[error("the server answers what cannot be followed: {0}")]
    Misbehaves(String),
    /// TLS was not begun.
    #[error("the server does not begin TLS: {0}")]
    NoStartTls(String),
    /// It does not let the account in.
    #[error("the server does not let `{dn}` in: {words}")]
    NotLetIn {
        /// The account.
        dn: String,
        /// The server's words.
        words: String,
        /// Whether name or secret are wrong.
        is_wrong: bool,
    },
    /// It refused a search.
    #[error("the server refuses to search `{base}`: {words}")]
    Refused {
        /// Where.
        base: String,
        /// The server's words.
        words: String,
        /// RFC 4511, appendix A.
        code: i64,
    },
    /// There is more than is read.
    #[error("the directory has more {what} than are read ({most})")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// So many are read.
        most: usize,
    },
    /// What servers are shown cannot be used.
    #[error("what servers are to be shown cannot be used: {0}")]
    Certificate(TlsFault),
    /// It does not let in whom the certificate is of.
    #[error("the server lets nobody in by the certificate `{certificate}`: {words}")]
    CertificateNotLetIn {
        /// The file that it is in.
        certificate: String,
        /// The server's words.
        words: String,
    },
}

impl DirectoryFault {
    pub(crate) fn of_search(base: &str, outcome: &Outcome) -> Self {
        Self::Refused {
            base: shown(base),
            words: words(outcome),
            code: outcome.code.0,
        }
    }

    pub(crate) fn of_bind(settings: &Settings, outcome: &Outcome) -> Self {
        let words = words(outcome);
        match &settings.certificate {
            Some(Certificate { chain, .. }) if settings.is_known_by_certificate() => {
                Self::CertificateNotLetIn {
                    certificate: chain.display().to_string(),
                    words,
                }
            }
            _ => Self::NotLetIn {
                dn: shown(&settings.bind_dn),
                words,
                is_wrong: outcome.code == ResultCode::INVALID_CREDENTIALS,
            },
        }
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Settings(_) => "correct the settings",
            Self::Ca(_) => "name a readable file with the authority's certificate as `ca`",
            Self::Outbound(OutboundFault::Tls(_, fault)) | Self::Broken(fault)
                if gw_tls::is_about_our_certificate(fault) =>
            {
                "name a certificate that the server believes as `certificate`, and its key as `key`"
            }
            Self::Outbound(OutboundFault::Tls(..)) => {
                "name the authority that signed the server's certificate as `ca`, and the server by a name that its certificate has; where it wants to be shown one, name that as `certificate`"
            }
            Self::Outbound(_) => {
                "check host and port, the network between, and that the server runs"
            }
            Self::Broken(_) | Self::Closed(_) => {
                "check that the server runs, that TLS is spoken on this port, and whether it wants a `certificate` that it believes; it is tried again"
            }
            Self::Slow(_) => "check the server's load, or allow more time; it is tried again",
            Self::Misbehaves(_) => "check that this port belongs to a directory server",
            Self::NoStartTls(_) => "give the server a certificate, or use `ldaps://`",
            Self::NotLetIn { is_wrong: true, .. } => {
                "check the account's distinguished name and its secret"
            }
            Self::NotLetIn { .. } => {
                "see what the server says; it may want TLS, or another account"
            }
            Self::Refused { code, .. } => of_code(ResultCode(*code)),
            Self::TooMuch { .. } => "narrow base or filter to who should come",
            Self::Certificate(_) => {
                "name a readable certificate as `certificate`, and as `key` the key that belongs to it, closed to others"
            }
            Self::CertificateNotLetIn { .. } => {
                "see that the server takes SASL EXTERNAL, and whom it makes of the certificate's subject (`authz-regexp` in OpenLDAP); Active Directory takes it with `start_tls` alone"
            }
        }
    }

    /// Whether trying another server of the same directory can help.
    pub(crate) const fn is_of_server(&self) -> bool {
        !matches!(
            self,
            Self::Settings(_) | Self::Ca(_) | Self::Certificate(_) | Self::TooMuch { .. }
        )
    }
}

impl From<MessageFault> for DirectoryFault {
    fn from(fault: MessageFault) -> Self {
        Self::Misbehaves(fault.to_string())
    }
}

fn words(outcome: &Outcome) -> String {
    let name = name(outcome.code);
    match outcome.words.is_empty() {
        true => format!("{name} ({})", outcome.code.0),
        false => format!("{name} ({}): {}", outcome.code.0, outcome.words),
    }
}

const fn name(code: ResultCode) -> &'static str {
    match code {
        ResultCode::TIME_LIMIT => "time limit exceeded",
        ResultCode::NO_SUCH_AUTH => "this way to show who reads is not supported",
        ResultCode::INAPPROPRIATE_AUTH => "this way to show who reads is not for this account",
        ResultCode::SIZE_LIMIT => "size limit exceeded",
        ResultCode::STRONGER_AUTH => "a stronger authentication is required",
        ResultCode::REFERRAL => "it is elsewhere",
        ResultCode::ADMIN_LIMIT => "an administrative limit is exceeded",
        ResultCode::UNAVAILABLE_EXTENSION => "an extension is not available",
        ResultCode::CONFIDENTIALITY => "TLS is required",
        ResultCode::NO_SUCH_OBJECT => "no such entry",
        ResultCode::INVALID_CREDENTIALS => "wrong name or secret",
        ResultCode::INSUFFICIENT_ACCESS => "it may not be read",
        ResultCode::BUSY => "busy",
        ResultCode::UNAVAILABLE => "unavailable",
        ResultCode::UNWILLING => "unwilling",
        _ => "result",
    }
}

const fn of_code(code: ResultCode) -> &'static str {
    match code {
        ResultCode::SIZE_LIMIT | ResultCode::ADMIN_LIMIT => {
            "let the account read in pages without a limit of size, or make pages smaller"
        }
        ResultCode::TIME_LIMIT => {
            "let the account search for longer, or index what the filter asks"
        }
        ResultCode::REFERRAL => {
            "name a server that has this part itself: referrals are not followed"
        }
        ResultCode::NO_SUCH_OBJECT => {
            "check the base, and whether the account may see it: servers hide what may not be read"
        }
        ResultCode::INSUFFICIENT_ACCESS => "let the account read there",
        ResultCode::CONFIDENTIALITY | ResultCode::STRONGER_AUTH => "use `ldaps://`, or StartTLS",
        ResultCode::BUSY | ResultCode::UNAVAILABLE => "nothing: it is tried again",
        _ => "see what the server says, and what it logs",
    }
}
