//! From an access token of ours that was verified to what the endpoints ask of it.

use gw_jose::{AccessToken, Claims};
use serde_json::Value;

use super::{ExchangeFault, PresentedToken, TokenOrigin};
use crate::{
    Actor, Binding, ClientId, GrantId, IssuedKind, IssuedToken, Origins, Resources, Scopes, SignIn,
};

impl PresentedToken {
    /// Of an access token of ours, to be exchanged (RFC 8693, 2.1). Its subject is the name that
    /// the token has; who maps names maps it back.
    ///
    /// # Errors
    /// Where its actors or scopes cannot be read: a token of which a part is not understood is
    /// not taken for one without.
    pub fn of_access_token(token: &AccessToken) -> Result<Self, ExchangeFault> {
        Ok(Self {
            origin: TokenOrigin::Own,
            subject: token.subject.clone(),
            client_id: Some(token.client_id.clone()),
            audiences: audiences(&token.claims).ok_or(ExchangeFault::Subject)?,
            scopes: Some(Scopes::parse(&token.scopes.join(" "))?),
            actor: Actor::of(&token.claims)?,
            may_act: may_act(&token.claims)?,
            sign_in: sign_in(token),
            origins: Origins::from(token).ok_or(ExchangeFault::Origins)?,
            is_bound: token.confirmation.is_some(),
            expires: token.expires,
        })
    }
}

impl IssuedToken {
    /// Of an access token of ours, to be looked into or given back; none where it is not of the
    /// form of those that are issued here.
    pub fn of_access_token(token: &AccessToken) -> Option<Self> {
        let audiences = audiences(&token.claims)?;
        let confirmation = token.confirmation;
        Some(Self {
            kind: IssuedKind::Access,
            grant_id: GrantId::parse(token.claims.text("grant_id").ok()??)?,
            client_id: ClientId::parse(&token.client_id).ok()?,
            subject: token.subject.clone(),
            username: None,
            scopes: Scopes::parse(&token.scopes.join(" ")).ok()?,
            audiences: Resources::parse(audiences.iter().map(String::as_str)).ok()?,
            binding: Binding {
                dpop_key: confirmation.and_then(|bound| bound.dpop_key),
                certificate: confirmation.and_then(|bound| bound.certificate),
            },
            actor: Actor::of(&token.claims).ok()?,
            id: Some(token.id.clone()),
            issued_at: Some(token.issued_at),
            expires: token.expires,
            acr: token.acr.clone(),
            auth_time: token.auth_time,
        })
    }
}

fn audiences(claims: &Claims) -> Option<Vec<String>> {
    let audience = claims.audience().ok()?;
    Some(audience.iter().map(str::to_owned).collect())
}

/// RFC 8693, 4.4: who is named by more than `sub`, such as by another issuer, is nobody here.
fn may_act(claims: &Claims) -> Result<Option<String>, ExchangeFault> {
    let members = match claims.get("may_act") {
        None => return Ok(None),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(ExchangeFault::MayNotAct),
    };
    match members.get("sub") {
        Some(Value::String(sub)) if members.len() == 1 => Ok(Some(sub.clone())),
        _ => Err(ExchangeFault::MayNotAct),
    }
}

fn sign_in(token: &AccessToken) -> Option<SignIn> {
    Some(SignIn {
        auth_time: token.auth_time?,
        acr: token.acr.clone(),
        amr: token.amr.clone(),
        sid: token.session.clone(),
    })
}

#[cfg(test)]
mod tests {
    use gw_jose::{AccessTokenRules, Algorithm, Expectations, Now, TokenType};
    use serde_json::json;

    use super::*;
    use crate::testing::{NOW, keys, signer};

    fn token(more: Value) -> AccessToken {
        let mut claims = json!({
            "iss": "https://auth.example", "sub": "ana", "aud": ["https://app.example/api"],
            "client_id": "front", "exp": NOW.as_secs() + 300, "iat": NOW.as_secs(), "jti": "t1",
            "scope": "openid read", "grant_id": "AAAAAAAAAAAAAAAAAAAAAA", "auth_time": NOW.as_secs(),
        });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let token = signer().sign(TokenType::AccessToken, &claims).unwrap();
        let rules = AccessTokenRules {
            expectations: Expectations {
                issuer: "https://auth.example",
                audiences: &["https://app.example/api"],
                now: Now::at(NOW),
                age_max: None,
            },
            algorithms: &Algorithm::ALL,
        };
        AccessToken::verify(&token, &keys(), &rules).unwrap()
    }

    #[test]
    fn an_access_token_is_read_whole() {
        let act = json!({"sub": "b", "act": {"sub": "a"}});
        let read = token(json!({"act": act, "may_act": {"sub": "app"}}));
        let presented = PresentedToken::of_access_token(&read).unwrap();
        assert_eq!(
            presented.actor.as_ref().unwrap().iter().collect::<Vec<_>>(),
            ["b", "a"]
        );
        assert_eq!(serde_json::to_value(&presented.actor).unwrap(), act);
        assert_eq!(presented.may_act.as_deref(), Some("app"));
        assert_eq!(presented.sign_in.unwrap().auth_time, NOW);
        let issued = IssuedToken::of_access_token(&read).unwrap();
        assert_eq!(issued.grant_id.as_str(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert!(issued.audiences.contains("https://app.example/api"));
    }

    #[test]
    fn a_chain_that_cannot_be_read_is_not_taken_for_none() {
        let mut deep = json!({"sub": "a"});
        for _ in 0..crate::ACTORS_MAX {
            deep = json!({"sub": "a", "act": deep});
        }
        for act in [
            deep,
            json!("a"),
            json!({}),
            json!({"sub": 1}),
            json!({"sub": ""}),
            json!({"sub": "a", "act": null}),
        ] {
            let read = token(json!({"act": act}));
            assert!(PresentedToken::of_access_token(&read).is_err(), "{act}");
            assert!(IssuedToken::of_access_token(&read).is_none(), "{act}");
        }
        for may_act in [
            json!("app"),
            json!({}),
            json!({"sub": "app", "iss": "https://other.example"}),
        ] {
            let read = token(json!({"may_act": may_act}));
            assert!(PresentedToken::of_access_token(&read).is_err(), "{may_act}");
        }
    }

    #[test]
    fn a_token_that_names_no_grant_is_none_of_ours() {
        for id in [json!(null), json!("short"), json!("AAAAAAAAAAAAAAAAAAAAA!")] {
            let read = token(json!({"grant_id": id}));
            assert!(IssuedToken::of_access_token(&read).is_none(), "{id}");
        }
    }
}
