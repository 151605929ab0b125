//! The one stream of facts: typed, versioned changes.

use std::{fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    App, AppName, AppToken, AuthnEvent, BreakGlass, BreakGlassId, Client, ClientId,
    DirectoryRecord, Ended, Group, GroupName, Membership, PolicyFile, ProposalId, ProposedChange,
    Provider, ProviderName, PublishedKey, Revocation, Session, SessionId, SessionKind, Settings,
    Settlement, Timestamp, TokenHash, TokenId, User, UserId,
};

/// One typed change of a fact.
///
/// A node that meets a kind it does not know stops following and says so; kinds are
/// added, never changed in meaning.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// A person as they now are, new or changed.
    UserPut(Arc<User>),
    /// A person is gone; their sessions end.
    UserRemoved(UserId),
    /// A group as it now is.
    GroupPut(Arc<Group>),
    /// A group is gone; memberships in it end.
    GroupRemoved(GroupName),
    /// An app as it now is.
    AppPut(Arc<App>),
    /// An app is gone; tokens for it end.
    AppRemoved(AppName),
    /// Organisation-wide settings.
    SettingsPut(Arc<Settings>),
    /// A sign-in.
    SessionStarted(Arc<Session>),
    /// A further proof within a session; its credential is replaced.
    SessionAdvanced {
        /// Which.
        session: SessionId,
        /// The new proof.
        event: AuthnEvent,
        /// Hash of the new cookie at the authentication origin.
        credential: TokenHash,
        /// The kind it is from now on.
        kind: SessionKind,
        /// When it ends whatever happens, from now on.
        expires: Timestamp,
        /// How long it may lie unused, from now on.
        idle_limit: Duration,
    },
    /// A session is over; leases and tokens end with it.
    SessionEnded {
        /// Which.
        session: SessionId,
        /// When and why.
        ended: Ended,
    },
    /// A session that has been over for long is forgotten.
    SessionForgotten(SessionId),
    /// An app's own cookie was given out.
    AppTokenIssued(Arc<AppToken>),
    /// The policies as they now are, whole.
    PoliciesApplied(Arc<[PolicyFile]>),
    /// The declared state as it now is, whole; that which it declares changes beside it.
    DeclaredPut(Arc<[PolicyFile]>),
    /// A public key that gateways sign with.
    KeyPublished(Arc<PublishedKey>),
    /// A public key is no longer to be trusted or shown.
    KeyRetired {
        /// Its key id.
        kid: Arc<str>,
    },
    /// A sealed way in as it now is, made or used.
    BreakGlassPut(Arc<BreakGlass>),
    /// A sealed way in is gone: called back, or its use acknowledged.
    BreakGlassRemoved(BreakGlassId),
    /// A proposed change as it now is, made or settled.
    ProposalPut(Arc<ProposedChange>),
    /// A proposed change is forgotten.
    ProposalRemoved(ProposalId),
    /// A provider of identities as it now is.
    ProviderPut(Arc<Provider>),
    /// A provider of identities is gone; who signed in by it is not any more.
    ProviderRemoved(ProviderName),
    /// A program as it now is, new or changed.
    ClientPut(Arc<Client>),
    /// A program is gone; nothing that it holds counts any more.
    ClientRemoved(ClientId),
    /// A token, or all tokens of a grant, are worth nothing from now on.
    TokenRevoked(Revocation),
    /// It could not be valid any more by itself, and nothing need be known of it.
    RevocationForgotten(TokenId),
    /// What is kept of a directory between its readings, as it now is.
    DirectoryRecordPut(Arc<DirectoryRecord>),
}

impl Change {
    /// The kind, for listings and records.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::UserPut(_) => "user-put",
            Self::UserRemoved(_) => "user-removed",
            Self::GroupPut(_) => "group-put",
            Self::GroupRemoved(_) => "group-removed",
            Self::AppPut(_) => "app-put",
            Self::AppRemoved(_) => "app-removed",
            Self::SettingsPut(_) => "settings-put",
            Self::SessionStarted(_) => "session-started",
            Self::SessionAdvanced { .. } => "session-advanced",
            Self::SessionEnded { .. } => "session-ended",
            Self::SessionForgotten(_) => "session-forgotten",
            Self::AppTokenIssued(_) => "app-token-issued",
            Self::PoliciesApplied(_) => "policies-applied",
            Self::DeclaredPut(_) => "declared-put",
            Self::KeyPublished(_) => "key-published",
            Self::KeyRetired { .. } => "key-retired",
            Self::BreakGlassPut(_) => "break-glass-put",
            Self::BreakGlassRemoved(_) => "break-glass-removed",
            Self::ProposalPut(_) => "proposal-put",
            Self::ProposalRemoved(_) => "proposal-removed",
            Self::ProviderPut(_) => "provider-put",
            Self::ProviderRemoved(_) => "provider-removed",
            Self::ClientPut(_) => "client-put",
            Self::ClientRemoved(_) => "client-removed",
            Self::TokenRevoked(_) => "token-revoked",
            Self::RevocationForgotten(_) => "revocation-forgotten",
            Self::DirectoryRecordPut(_) => "directory-record-put",
        }
    }

    /// What it is about, in a few words without secrets.
    pub fn subject(&self) -> String {
        match self {
            Self::UserPut(user) => described(user),
            Self::UserRemoved(user) => user.to_string(),
            Self::GroupPut(group) => with(group.name.as_str(), "in", &group.parents),
            Self::GroupRemoved(group) => group.to_string(),
            Self::AppPut(app) => format!("{} at {}", app.name, app.host),
            Self::AppRemoved(app) => app.to_string(),
            Self::SettingsPut(_) => "settings".into(),
            Self::SessionStarted(session) => format!("{} of {}", session.id, session.user),
            Self::SessionAdvanced { session, event, .. } => {
                format!("{session} by {}", event.method.as_str())
            }
            Self::SessionEnded { session, ended } => format!("{session}: {:?}", ended.reason),
            Self::SessionForgotten(session) => session.to_string(),
            Self::AppTokenIssued(token) => format!("{} for {}", token.session, token.app),
            Self::PoliciesApplied(files) => format!("{} files", files.len()),
            Self::DeclaredPut(files) => format!("{} files", files.len()),
            Self::KeyPublished(key) => key.kid.to_string(),
            Self::KeyRetired { kid } => kid.to_string(),
            Self::BreakGlassPut(entry) => match &entry.used {
                None => entry.id.to_string(),
                Some(used) => format!("{} used by {}", entry.id, used.user),
            },
            Self::BreakGlassRemoved(id) => id.to_string(),
            Self::ProposalPut(proposed) => proposal(proposed),
            Self::ProposalRemoved(id) => id.to_string(),
            Self::ProviderPut(provider) => match provider.is_off() {
                true => format!("{} ({}), switched off", provider.name, provider.issuer),
                false => format!("{} ({})", provider.name, provider.issuer),
            },
            Self::ProviderRemoved(name) => name.to_string(),
            Self::ClientPut(client) => {
                let off = if client.is_off() {
                    ", switched off"
                } else {
                    ""
                };
                with(
                    &format!("{} ({}{off})", client.id, client.name),
                    "in",
                    &client.groups,
                )
            }
            Self::ClientRemoved(id) => id.to_string(),
            Self::TokenRevoked(revocation) => revocation.token.to_string(),
            Self::RevocationForgotten(token) => token.to_string(),
            Self::DirectoryRecordPut(record) => record.name.to_string(),
        }
    }
}

/// A person with what decides about them: whether they are switched off, their groups.
fn described(user: &User) -> String {
    let groups: Vec<_> = user.groups.iter().map(membership).collect();
    let off = if user.disabled { ", switched off" } else { "" };
    with(&format!("{} ({}{off})", user.id, user.name), "in", &groups)
}

/// A proposed change with who proposed it, and who settled it.
fn proposal(proposed: &ProposedChange) -> String {
    let what = format!(
        "{}: {} {} by {}",
        proposed.id, proposed.operation, proposed.path, proposed.by
    );
    let Some(settled) = &proposed.settled else {
        return format!("{what}, proposed");
    };
    let how = match &settled.how {
        Settlement::Approved => "approved",
        Settlement::Declined(_) => "declined",
        Settlement::Withdrawn => "withdrawn",
        Settlement::Lapsed => "lapsed",
    };
    format!("{what}, {how} by {}", settled.by)
}

fn membership(membership: &Membership) -> String {
    match membership.until {
        Some(until) => format!("{} until {}", membership.group, until.as_secs()),
        None => membership.group.to_string(),
    }
}

fn with<T: fmt::Display>(what: &str, word: &str, others: &[T]) -> String {
    if others.is_empty() {
        return what.to_owned();
    }
    let others: Vec<_> = others.iter().map(ToString::to_string).collect();
    format!("{what} {word} {}", others.join(", "))
}

/// Who makes a change, for the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// Gatewright itself: start-up, expiry, configuration files.
    Gatewright,
    /// A person through a page.
    User(UserId),
    /// A stranger who holds something that lets them: a link, a code.
    Bearer,
    /// Who is on the machine, by the kernel's word.
    Local(u32),
    /// A program, in its own name or for a person.
    Client(ClientId),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gatewright => f.write_str("gatewright"),
            Self::User(user) => write!(f, "{user}"),
            Self::Bearer => f.write_str("bearer"),
            Self::Local(uid) => write!(f, "local-uid-{uid}"),
            Self::Client(client) => write!(f, "{client}"),
        }
    }
}
