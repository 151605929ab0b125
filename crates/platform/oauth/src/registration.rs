//! Clients that register themselves, and read and change what they registered (RFC 7591, RFC
//! 7592; OpenID Connect Dynamic Client Registration 1.0).

mod fault;
mod members;
mod metadata;
mod read;
mod sector;
mod tokens;

pub use self::{
    fault::RegistrationFault,
    metadata::{ClientMetadata, RegisteredClient},
    read::{REGISTRATION_BYTES_MAX, Registration, RegistrationRules},
    sector::{SECTOR_BYTES_MAX, SectorFault, check_sector_document},
    tokens::{
        INVITATION_HOSTS_MAX, INVITATION_KIND, INVITATION_LIFETIME_MAX, INVITATION_USES_MAX,
        InitialAccessToken, InitialTokenFault, Invitation, InvitationId, RegistrationBounds,
    },
};
