//! What tokens say: claims, as values for [`gw_jose::Signer::sign`].

mod access_token;
mod id_token;
mod logout_token;
mod person;
mod subject;
mod veil;

pub use self::{
    access_token::{ACCESS_TOKEN_LIFETIME_MAX, AccessTokenClaims, AccessTokenTerms},
    id_token::{ID_TOKEN_LIFETIME, IdTokenClaims, IdTokenTerms},
    logout_token::{LOGOUT_TOKEN_LIFETIME, LogoutTokenClaims, LogoutTokenTerms},
    person::{PersonClaims, SCOPE_CLAIMS, UserinfoClaims},
    subject::{PairwiseFault, PairwiseKey},
    veil::{NotVeiled, Veil, VeilFault},
};

#[cfg(test)]
mod tests;
