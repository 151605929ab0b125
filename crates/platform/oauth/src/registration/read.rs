//! From the bytes of a registration to a client.

use gw_jose::{Algorithm, json};
use gw_model::Timestamp;
use serde_json::Value;

use super::{RegistrationFault, members::Members, sector};
use crate::{
    About, ApplicationType, BackchannelLogout, CertificateName, Client, ClientAuthentication,
    ClientId, ClientKeys, ClientSecrets, GrantType, KeptSecret, ProofKey, Purpose, RedirectUri,
    Resources, Scopes, Secret,
};

/// The longest registration, in bytes.
pub const REGISTRATION_BYTES_MAX: usize = 64 * 1024;
/// What would be encrypted: there is none of it here, and a client that asks would wait for it.
const ENCRYPTED: [&str; 6] = [
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
    "authorization_encrypted_response_alg",
    "introspection_encrypted_response_alg",
];
/// What the server alone says (RFC 7592, 2.2).
const SERVER_S: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// What is given to clients that register themselves.
#[derive(Debug, Clone)]
pub struct RegistrationRules {
    /// The scopes; those of a registration that names none.
    pub scopes: Scopes,
    /// The resources that tokens may be for.
    pub resources: Resources,
    /// The grant types.
    pub grant_types: Vec<GrantType>,
    /// The algorithms that this server signs by, the usual one first.
    pub algorithms: Vec<Algorithm>,
    /// Whether codes of those that have a secret or a key must be bound by a proof key.
    pub proof_key: ProofKey,
}

/// A registration that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The client.
    pub client: Client,
    /// Where the redirect URIs of its sector are listed: to be fetched and looked at by
    /// [`super::check_sector_document`] before the client is taken up.
    pub sector_document: Option<String>,
    /// Whether the client is given the new secret.
    pub gives_secret: bool,
}

impl Registration {
    /// Reads a registration (RFC 7591, 3.1), of what is the new client's: its id, a secret, which
    /// is used where its way of authentication has one, and its registration token.
    ///
    /// # Errors
    /// Where it is refused.
    pub fn read(
        body: &[u8],
        rules: &RegistrationRules,
        id: ClientId,
        secret: &Secret,
        token: &Secret,
        now: Timestamp,
    ) -> Result<Self, RegistrationFault> {
        let members = members(body)?;
        let fresh = ClientSecrets::of(KeptSecret::new(secret, now));
        let mut read = client(&members, rules, id, &fresh)?;
        read.gives_secret = read.client.authentication.secrets().is_some();
        read.client.registration_token = Some(token.hash(Purpose::RegistrationAccessToken));
        read.checked()
    }

    /// Reads a change (RFC 7592, 2.2), which says all there is to say: what it leaves away is
    /// left away. A client that had a secret keeps it.
    ///
    /// # Errors
    /// Where it is refused.
    pub fn change(
        body: &[u8],
        current: &Client,
        rules: &RegistrationRules,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Self, RegistrationFault> {
        let members = members(body)?;
        if members.text("client_id")? != Some(current.id.as_str()) {
            return Err(RegistrationFault::NotItsOwn("client_id"));
        }
        if let Some(name) = SERVER_S
            .into_iter()
            .find(|name| members.value(name).is_some())
        {
            return Err(RegistrationFault::NotItsOwn(name));
        }
        let had = current.authentication.secrets();
        if let Some(named) = members.text("client_secret")?
            && !had.is_some_and(|secrets| secrets.accept(named, now))
        {
            return Err(RegistrationFault::NotItsOwn("client_secret"));
        }
        let fresh = ClientSecrets::of(KeptSecret::new(secret, now));
        let mut read = client(&members, rules, current.id.clone(), had.unwrap_or(&fresh))?;
        read.gives_secret = had.is_none() && read.client.authentication.secrets().is_some();
        read.client.registration_token = current.registration_token;
        // What an operator gave it, it cannot take for itself, nor lose.
        read.client.serves.clone_from(&current.serves);
        read.checked()
    }

    fn checked(self) -> Result<Self, RegistrationFault> {
        let outward = self.client.check_outward();
        match self.client.check().into_iter().chain(outward).next() {
            Some(fault) => Err(fault.into()),
            None => Ok(self),
        }
    }
}

fn members(body: &[u8]) -> Result<Members, RegistrationFault> {
    if body.len() > REGISTRATION_BYTES_MAX {
        return Err(RegistrationFault::TooLarge);
    }
    let members = Members(json::object(body)?);
    if members.value("software_statement").is_some() {
        return Err(RegistrationFault::SoftwareStatement);
    }
    match ENCRYPTED
        .into_iter()
        .find(|name| members.value(name).is_some())
    {
        Some(name) => Err(RegistrationFault::NotSupported(name)),
        None => Ok(members),
    }
}

fn client(
    members: &Members,
    rules: &RegistrationRules,
    id: ClientId,
    secrets: &ClientSecrets,
) -> Result<Registration, RegistrationFault> {
    let grant_types = grant_types(members, rules)?;
    response_types(members, &grant_types)?;
    let redirect_uris = redirect_uris(members, "redirect_uris")?;
    let (subject_type, sector_document) = sector::read(members, &redirect_uris)?;
    let userinfo = members.algorithm("userinfo_signed_response_alg")?;
    let authentication = authentication(members, secrets)?;
    let proof_key = match authentication {
        ClientAuthentication::None => ProofKey::Required,
        _ => rules.proof_key,
    };
    let client = Client {
        id,
        about: about(members)?,
        application_type: application_type(members)?,
        post_logout_redirect_uris: redirect_uris_of_logout(members)?,
        redirect_uris,
        authentication,
        keys: keys(members)?,
        grant_types,
        scopes: scopes(members, rules)?,
        resources: rules.resources.clone(),
        serves: Resources::default(),
        subject_type,
        backchannel_logout: backchannel_logout(members)?,
        id_token_algorithm: id_token_algorithm(members, rules)?,
        userinfo_algorithm: signed(userinfo, rules, "userinfo_signed_response_alg")?,
        require_pushed: members.flag("require_pushed_authorization_requests")?,
        dpop_bound: members.flag("dpop_bound_access_tokens")?,
        certificate_bound: members.flag("tls_client_certificate_bound_access_tokens")?,
        proof_key,
        default_max_age: members.seconds("default_max_age")?,
        require_auth_time: members.flag("require_auth_time")?,
        default_acr_values: default_acr_values(members)?,
        sector_document: sector_document.clone(),
        registration_token: None,
    };
    Ok(Registration {
        client,
        sector_document,
        gives_secret: false,
    })
}

fn grant_types(
    members: &Members,
    rules: &RegistrationRules,
) -> Result<Vec<GrantType>, RegistrationFault> {
    const NAME: &str = "grant_types";
    let Some(names) = members.texts(NAME)? else {
        return Ok(vec![GrantType::AuthorizationCode]);
    };
    let read = |name| match GrantType::of_name(name) {
        Some(one) if rules.grant_types.contains(&one) => Ok(one),
        Some(_) => Err(RegistrationFault::NotAllowed(NAME)),
        None => Err(RegistrationFault::NotSupported(NAME)),
    };
    names.into_iter().map(read).collect()
}

/// `code` where codes are asked for, and nothing else (RFC 7591, 2.1).
fn response_types(members: &Members, grant_types: &[GrantType]) -> Result<(), RegistrationFault> {
    const NAME: &str = "response_types";
    let has_codes = grant_types.contains(&GrantType::AuthorizationCode);
    match members.texts(NAME)?.as_deref() {
        None => Ok(()),
        Some(["code"]) if has_codes => Ok(()),
        Some([]) if !has_codes => Ok(()),
        Some(names) if names.iter().any(|name| *name != "code") => {
            Err(RegistrationFault::NotSupported(NAME))
        }
        Some(_) => Err(RegistrationFault::Malformed(NAME)),
    }
}

fn redirect_uris(
    members: &Members,
    name: &'static str,
) -> Result<Vec<RedirectUri>, RegistrationFault> {
    let texts = members.texts(name)?.unwrap_or_default();
    let read = |(position, text): (usize, &str)| {
        RedirectUri::parse(text).map_err(|fault| RegistrationFault::RedirectUri { position, fault })
    };
    texts.into_iter().enumerate().map(read).collect()
}

fn redirect_uris_of_logout(members: &Members) -> Result<Vec<RedirectUri>, RegistrationFault> {
    const NAME: &str = "post_logout_redirect_uris";
    redirect_uris(members, NAME).map_err(|_| RegistrationFault::Malformed(NAME))
}

fn application_type(members: &Members) -> Result<ApplicationType, RegistrationFault> {
    match members.text("application_type")? {
        None | Some("web") => Ok(ApplicationType::Web),
        Some("native") => Ok(ApplicationType::Native),
        Some(_) => Err(RegistrationFault::NotSupported("application_type")),
    }
}

fn authentication(
    members: &Members,
    secrets: &ClientSecrets,
) -> Result<ClientAuthentication, RegistrationFault> {
    const NAME: &str = "token_endpoint_auth_method";
    let secrets = secrets.clone();
    Ok(match members.text(NAME)? {
        None | Some("client_secret_basic") => ClientAuthentication::ClientSecretBasic { secrets },
        Some("client_secret_post") => ClientAuthentication::ClientSecretPost { secrets },
        Some("private_key_jwt") => ClientAuthentication::PrivateKeyJwt,
        Some("none") => ClientAuthentication::None,
        Some("self_signed_tls_client_auth") => ClientAuthentication::SelfSignedTlsClientAuth,
        Some("tls_client_auth") => ClientAuthentication::TlsClientAuth {
            name: certificate_name(members)?,
        },
        Some(_) => return Err(RegistrationFault::NotSupported(NAME)),
    })
}

/// Exactly one (RFC 8705, 2.1.2).
fn certificate_name(members: &Members) -> Result<CertificateName, RegistrationFault> {
    type Make = fn(String) -> CertificateName;
    const NAMES: [(&str, Make); 5] = [
        (
            "tls_client_auth_subject_dn",
            CertificateName::TlsClientAuthSubjectDn,
        ),
        (
            "tls_client_auth_san_dns",
            CertificateName::TlsClientAuthSanDns,
        ),
        (
            "tls_client_auth_san_uri",
            CertificateName::TlsClientAuthSanUri,
        ),
        (
            "tls_client_auth_san_ip",
            CertificateName::TlsClientAuthSanIp,
        ),
        (
            "tls_client_auth_san_email",
            CertificateName::TlsClientAuthSanEmail,
        ),
    ];
    let mut found = None;
    for (name, make) in NAMES {
        if let Some(text) = members.owned(name)?
            && found.replace(make(text)).is_some()
        {
            return Err(RegistrationFault::Malformed(name));
        }
    }
    found.ok_or(RegistrationFault::Malformed("tls_client_auth_subject_dn"))
}

/// One of both, never both (RFC 7591, 2).
fn keys(members: &Members) -> Result<Option<ClientKeys>, RegistrationFault> {
    match (members.value("jwks"), members.owned("jwks_uri")?) {
        (None, None) => Ok(None),
        (None, Some(uri)) => Ok(Some(ClientKeys::JwksUri(uri))),
        (Some(jwks), None) if jwks.is_object() => Ok(Some(ClientKeys::Jwks(jwks.to_string()))),
        _ => Err(RegistrationFault::Malformed("jwks")),
    }
}

fn scopes(members: &Members, rules: &RegistrationRules) -> Result<Scopes, RegistrationFault> {
    // A client that has none says so by a text that is empty, and does not get all by it.
    let asked = match members.value("scope") {
        Some(Value::String(text)) if text.is_empty() => Some(Scopes::default()),
        _ => members.text("scope")?.map(Scopes::parse).transpose()?,
    };
    Ok(match asked {
        None => rules.scopes.clone(),
        // Less may be given than is asked for; the answer says what (RFC 7591, 3.2.1).
        Some(asked) => asked.common(&rules.scopes),
    })
}

fn id_token_algorithm(
    members: &Members,
    rules: &RegistrationRules,
) -> Result<Algorithm, RegistrationFault> {
    const NAME: &str = "id_token_signed_response_alg";
    let asked = signed(members.algorithm(NAME)?, rules, NAME)?;
    // RS256 is what a client gets that does not ask (OpenID Connect Registration 1.0, 2).
    let usual = rules
        .algorithms
        .iter()
        .find(|one| **one == Algorithm::Rs256);
    let usual = usual.or(rules.algorithms.first());
    asked
        .or(usual.copied())
        .ok_or(RegistrationFault::NotSupported(NAME))
}

fn signed(
    asked: Option<Algorithm>,
    rules: &RegistrationRules,
    name: &'static str,
) -> Result<Option<Algorithm>, RegistrationFault> {
    match asked {
        Some(one) if !rules.algorithms.contains(&one) => Err(RegistrationFault::NotSupported(name)),
        asked => Ok(asked),
    }
}

fn backchannel_logout(members: &Members) -> Result<Option<BackchannelLogout>, RegistrationFault> {
    let session_required = members.flag("backchannel_logout_session_required")?;
    let uri = members.owned("backchannel_logout_uri")?;
    Ok(uri.map(|uri| BackchannelLogout {
        uri,
        session_required,
    }))
}

fn default_acr_values(members: &Members) -> Result<Vec<String>, RegistrationFault> {
    let texts = members.texts("default_acr_values")?.unwrap_or_default();
    Ok(texts.into_iter().map(str::to_owned).collect())
}

fn about(members: &Members) -> Result<About, RegistrationFault> {
    let contacts = members.texts("contacts")?.unwrap_or_default();
    Ok(About {
        name: members.owned("client_name")?,
        client_uri: members.owned("client_uri")?,
        logo_uri: members.owned("logo_uri")?,
        policy_uri: members.owned("policy_uri")?,
        tos_uri: members.owned("tos_uri")?,
        contacts: contacts.into_iter().map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests;
