//! What a connection is made for, and what it may cost.

use std::time::Duration;

const KIB: usize = 1024;

/// What a request is made for. There is no other reason to make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Certificates from an authority (RFC 8555).
    Certificates,
    /// Whether a host's plain HTTP leads to Gatewright, as an operator asks.
    OwnHost,
    /// What a provider of identities says of itself (OpenID Connect Discovery 1.0), and its keys.
    ProviderMetadata,
    /// A code's exchange for tokens, while somebody waits for their sign-in.
    ProviderTokens,
    /// People and groups of a directory server (RFC 4511).
    Directory,
    /// The public keys of a client that proves by them who it is (RFC 7591, 2: `jwks_uri`).
    ClientKeys,
    /// The public keys of an issuer elsewhere by whose tokens workloads show who they are, and where
    /// its own document says that they are.
    IssuerKeys,
    /// That a session ended, told to a client (OpenID Connect Back-Channel Logout 1.0, 2.5).
    BackchannelLogout,
    /// What a client asks for that registered itself, at addresses that nobody but itself vouches
    /// for: its keys, the list of its sector, and that a session ended.
    RegisteredClient,
}

impl Purpose {
    /// The time to connect, with TLS.
    pub const fn connect(self) -> Duration {
        match self {
            Self::Certificates | Self::OwnHost => Duration::from_secs(10),
            Self::ProviderMetadata
            | Self::ProviderTokens
            | Self::Directory
            | Self::ClientKeys
            | Self::IssuerKeys
            | Self::BackchannelLogout
            | Self::RegisteredClient => Duration::from_secs(5),
        }
    }

    /// The time for a request and its whole answer, connecting included.
    pub const fn exchange(self) -> Duration {
        match self {
            Self::Certificates | Self::Directory => Duration::from_secs(30),
            Self::OwnHost
            | Self::ProviderMetadata
            | Self::ProviderTokens
            | Self::ClientKeys
            | Self::IssuerKeys
            | Self::BackchannelLogout
            | Self::RegisteredClient => Duration::from_secs(10),
        }
    }

    /// The largest body of an answer; of a directory's, the largest message.
    pub const fn answer_bytes(self) -> usize {
        match self {
            Self::Certificates
            | Self::ProviderMetadata
            | Self::ClientKeys
            | Self::IssuerKeys
            | Self::RegisteredClient => 256 * KIB,
            Self::OwnHost | Self::BackchannelLogout => 16 * KIB,
            Self::ProviderTokens => 64 * KIB,
            Self::Directory => 16 * 1024 * KIB,
        }
    }

    /// The largest head of an answer; a directory's have none.
    pub const fn head_bytes(self) -> usize {
        match self {
            Self::OwnHost | Self::BackchannelLogout => 16 * KIB,
            Self::Certificates
            | Self::ProviderMetadata
            | Self::ProviderTokens
            | Self::ClientKeys
            | Self::IssuerKeys
            | Self::RegisteredClient => 64 * KIB,
            Self::Directory => 0,
        }
    }

    /// Whether it goes to addresses of the public network alone, whatever a name resolves to: an
    /// operator's own servers may be inside, what a stranger names may not.
    pub(crate) const fn is_outward(self) -> bool {
        matches!(self, Self::RegisteredClient)
    }
}
