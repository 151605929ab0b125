//! A person's sign-in and the tokens that stand for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    AppName, FactorId, ProviderName, ProviderProof, SessionId, Timestamp, TokenHash, UserId,
};

/// How somebody proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthnMethod {
    /// A passkey with user verification: resists phishing.
    Passkey,
    /// A single-use sign-in link: weak.
    SignInLink,
    /// A single-use link for a person who has no factor yet: weak, may enrol the first passkey.
    EnrolmentLink,
    /// A recovery code: weak, may enrol a passkey.
    RecoveryCode,
    /// The code of a sealed way in: for an emergency, once, and loud.
    BreakGlass,
    /// The word of a provider of identities; how strong it is, its declaration says.
    Provider,
    /// A password: weak alone, and never asked for alone.
    Password,
    /// A code of an authenticator app (TOTP, RFC 6238): weak alone, two factors with a password.
    Totp,
}

impl AuthnMethod {
    /// The word that policies use in `context.authn.methods`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::SignInLink => "sign-in-link",
            Self::EnrolmentLink => "enrolment-link",
            Self::RecoveryCode => "recovery-code",
            Self::BreakGlass => "break-glass",
            Self::Provider => "provider",
            Self::Password => "password",
            Self::Totp => "totp",
        }
    }
}

/// One proof of identity within a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthnEvent {
    /// How.
    pub method: AuthnMethod,
    /// When.
    pub at: Timestamp,
    /// With which enrolled factor, if one; its removal ends the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<FactorId>,
    /// What a provider said, where it is a provider's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Arc<ProviderProof>>,
}

impl AuthnEvent {
    /// Since when it is known that the person proved it, as far as it is: a provider may have
    /// seen them long before, and may not say when.
    pub fn proven_at(&self) -> Option<Timestamp> {
        match &self.provider {
            Some(said) => said.authenticated_at.map(|at| at.min(self.at)),
            None => Some(self.at),
        }
    }

    /// Whether a look-alike site cannot use it: a passkey is bound to its origin (WebAuthn), and
    /// a provider's word is what was declared.
    pub fn is_phishing_resistant(&self) -> bool {
        match &self.provider {
            Some(said) => said.phishing_resistant,
            None => self.method == AuthnMethod::Passkey,
        }
    }

    /// Whether it proves more than one factor: a passkey is something that one has, and unlocks.
    pub fn is_multi_factor(&self) -> bool {
        match &self.provider {
            Some(said) => said.multi_factor,
            None => self.method == AuthnMethod::Passkey,
        }
    }
}

/// Ordinary sessions, and short ones for one purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionKind {
    /// An ordinary session.
    Ordinary,
    /// Began with an enrolment link or a recovery code: may enrol a first passkey, lives shortly.
    Enrolment,
    /// Began with a sealed way in: ends soon whatever happens, and what it does is recorded even
    /// where the disk has no room for anybody else.
    BreakGlass,
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndReason {
    /// The person signed out.
    SignedOut,
    /// The person signed out everywhere.
    SignedOutEverywhere,
    /// An administrator ended it.
    EndedByAdministrator,
    /// The person was disabled or removed.
    UserDisabled,
    /// A factor that it rested on was removed.
    FactorRemoved,
    /// Nobody used it for longer than its idle limit.
    Idle,
    /// Its absolute lifetime is over.
    Expired,
    /// The store was restored from a backup.
    Restored,
    /// The provider that it rests on was switched off, or counts for something else now.
    ProviderChanged,
    /// The provider that it rests on says that the person signed out there.
    SignedOutAtProvider,
    /// It rests on a password, and nobody signs in by one any more.
    PasswordsOff,
}

impl EndReason {
    /// A sentence for the person.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::SignedOut => "You signed out.",
            Self::SignedOutEverywhere => "You signed out everywhere.",
            Self::EndedByAdministrator => "An administrator ended this session.",
            Self::UserDisabled => "This account has been switched off.",
            Self::FactorRemoved => {
                "What this session rested on was removed: a passkey, a password, or codes."
            }
            Self::Idle => "The session was not used for a while.",
            Self::Expired => "The session reached the end of its lifetime.",
            Self::Restored => "Gatewright was restored from a backup, which ends every session.",
            Self::ProviderChanged => {
                "The account that you signed in with is not accepted as it was any more."
            }
            Self::SignedOutAtProvider => "You signed out where you had signed in.",
            Self::PasswordsOff => "Nobody signs in with a password here any more.",
        }
    }
}

/// When and why a session ended; kept until it would have expired, so that the next page can say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: EndReason,
}

/// A person's sign-in.
///
/// Its id is stable; what changes with each change of rank are the *tokens* that stand for it.
/// A token sees the proofs up to its own rank only, so a token that leaked
/// before a step-up is not promoted by it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// Ordinary or enrolment.
    pub kind: SessionKind,
    /// Proofs in order; the rank of a session is their number.
    pub authn: Vec<AuthnEvent>,
    /// When it began.
    pub started: Timestamp,
    /// When it ends whatever happens.
    pub expires: Timestamp,
    /// How long it may lie unused.
    pub idle_limit: Duration,
    /// Hash of the cookie at the authentication origin; replaced at each change of rank.
    pub credential: TokenHash,
    /// What the session list shows: browser and system, in words.
    pub client: Arc<str>,
    /// Set once it is over.
    #[serde(default)]
    pub ended: Option<Ended>,
    /// The epoch number of the last change.
    #[serde(default)]
    pub version: u64,
    /// Last use, coarse and not a fact: written at most once a minute, saved lazily.
    #[serde(skip)]
    pub seen: Seen,
}

impl Session {
    /// Number of proofs so far.
    pub fn rank(&self) -> u32 {
        u32::try_from(self.authn.len()).unwrap_or(u32::MAX)
    }

    /// The proofs that a token of this rank may rest on.
    pub fn authn_at(&self, rank: u32) -> &[AuthnEvent] {
        let rank = usize::try_from(rank).unwrap_or(usize::MAX);
        self.authn.get(..rank).unwrap_or(&self.authn)
    }

    /// The providers of identities on whose word it rests, each once.
    pub fn providers(&self) -> Vec<&ProviderName> {
        let said = self.authn.iter().filter_map(|e| e.provider.as_deref());
        let mut all: Vec<_> = said.map(|said| &said.provider).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Why it no longer stands at `now`, if so.
    pub fn over(&self, now: Timestamp) -> Option<EndReason> {
        if let Some(ended) = self.ended {
            return Some(ended.reason);
        }
        if now >= self.expires {
            return Some(EndReason::Expired);
        }
        (now >= self.idle_end()).then_some(EndReason::Idle)
    }

    /// When it ends if nobody uses it again.
    pub fn idle_end(&self) -> Timestamp {
        self.seen.at().max(self.started).after(self.idle_limit)
    }
}

/// A session's last use, shared by all snapshots that hold the session.
#[derive(Debug, Clone, Default)]
pub struct Seen(Arc<AtomicU64>);

impl Seen {
    /// Coarseness: a use within this span of the last noted one is not written.
    pub const COARSENESS: Duration = Duration::from_secs(30);

    /// When it was last used, as far as noted.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }

    /// Notes a use; writes only when the last note is older than [`Seen::COARSENESS`].
    pub fn note(&self, now: Timestamp) {
        if now.since(self.at()) >= Self::COARSENESS {
            self.0.fetch_max(now.as_millis(), Ordering::Relaxed);
        }
    }
}

/// A session's token for one app: the value behind that app's own cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppToken {
    /// Hash of the cookie.
    pub hash: TokenHash,
    /// Whose session.
    pub session: SessionId,
    /// For which app.
    pub app: AppName,
    /// How many of the session's proofs it may rest on.
    pub rank: u32,
    /// The epoch number at which it was issued.
    #[serde(default)]
    pub version: u64,
}

impl AppToken {
    /// Tokens that a session keeps for one app: those that browsers may still be on their way
    /// with. An older one is worth nothing once there are more.
    pub const KEPT: usize = 8;
}
