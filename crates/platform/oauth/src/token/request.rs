//! What a client asks the token endpoint for.

use crate::{
    Authorization, Binding, ClaimsRequest, Client, CodeRequest, ExchangeRequest, Grant, GrantId,
    GrantType, Parameters, Proven, Purpose, RefreshRequest, Resources, Scopes, SecretHash,
    TokenError,
};

/// A token request, by its grant type.
#[derive(Debug)]
pub enum TokenRequest {
    /// For a code: [`crate::CodeRecord::redeem`].
    AuthorizationCode(CodeRequest),
    /// For a refresh token: [`crate::RefreshFamily::rotate`].
    RefreshToken(RefreshRequest),
    /// For the client itself: [`ClientCredentialsRequest::decide`].
    ClientCredentials(ClientCredentialsRequest),
    /// For a device code, by what it is found: [`crate::DeviceRecord::poll`].
    DeviceCode(SecretHash),
    /// For another token: [`ExchangeRequest::decide`].
    TokenExchange(Box<ExchangeRequest>),
}

impl TokenRequest {
    /// Reads what a client asks for, which has shown who it is.
    ///
    /// # Errors
    /// Where there is no such grant type, this client may not use it, or what it needs is not
    /// there.
    pub fn read(parameters: &Parameters, client: &Client) -> Result<Self, TokenError> {
        let name = parameters.required("grant_type")?;
        let grant_type = GrantType::of_name(name).ok_or(TokenError::UnsupportedGrantType)?;
        if !client.may(grant_type) {
            return Err(TokenError::UnauthorizedClient);
        }
        Ok(match grant_type {
            GrantType::AuthorizationCode => {
                let resources = Resources::of(parameters)?;
                Self::AuthorizationCode(CodeRequest::read(parameters, resources)?)
            }
            GrantType::RefreshToken => Self::RefreshToken(RefreshRequest::read(parameters)?),
            GrantType::ClientCredentials => {
                Self::ClientCredentials(ClientCredentialsRequest::read(parameters)?)
            }
            GrantType::DeviceCode => {
                let code = parameters.required("device_code")?;
                Self::DeviceCode(SecretHash::of(Purpose::DeviceCode, code))
            }
            GrantType::TokenExchange => {
                Self::TokenExchange(Box::new(ExchangeRequest::read(parameters)?))
            }
        })
    }
}

/// A request for tokens of the client's own (OAuth 2.1, 4.2).
#[derive(Debug)]
pub struct ClientCredentialsRequest {
    scopes: Option<Scopes>,
    resources: Resources,
}

impl ClientCredentialsRequest {
    fn read(parameters: &Parameters) -> Result<Self, TokenError> {
        Ok(Self {
            scopes: parameters.value("scope").map(Scopes::parse).transpose()?,
            resources: Resources::of(parameters)?,
        })
    }

    /// What the client may have for itself, before policy is asked. There is no person in it:
    /// the scopes of OpenID Connect are none of it.
    ///
    /// # Errors
    /// Where it may not have what it asks for.
    pub fn decide(
        &self,
        client: &Client,
        proven: &Proven,
        id: GrantId,
    ) -> Result<Grant, TokenError> {
        let binding = Binding::of(client, proven)?;
        let own = client.scopes.without_person();
        let authorization = Authorization {
            id,
            client_id: client.id.clone(),
            subject: client.id.as_str().to_owned(),
            scopes: Scopes::narrow(self.scopes.as_ref(), &own)?,
            resources: Resources::of_registered(&self.resources, &client.resources)?,
            sign_in: None,
            claims: ClaimsRequest::default(),
        };
        Ok(Grant::of(authorization, binding))
    }
}
