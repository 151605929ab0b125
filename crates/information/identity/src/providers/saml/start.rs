//! Sending somebody to a SAML provider (Core 3.4.1).

use std::sync::Arc;

use gw_model::{AppName, Provider, ProviderName, SamlBinding, SamlProvider, Timestamp};
use gw_saml::sp::{AuthnRequest, Comparison};
use gw_store::Secret;

use super::{
    super::{Begun, Errand, FinishFault},
    Onward, SamlFault, SamlFlow,
    flow::new_id,
    subject::asked,
};
use crate::{Identity, SamlKeys};

/// Where a provider's answers are posted, before its name: each has a place of its own.
pub(crate) const CONSUMER: &str = "/provider/saml/acs/";

impl Identity {
    /// Who we are towards SAML providers: the authentication origin.
    pub(crate) fn saml_entity(&self) -> &str {
        self.options().origins.first().map_or("", String::as_str)
    }

    /// Where the answers of a provider are posted.
    pub(crate) fn saml_consumer(&self, name: &ProviderName) -> String {
        format!("{}{CONSUMER}{name}", self.saml_entity())
    }

    /// Sends somebody to a SAML provider.
    pub(crate) async fn begin_saml(
        &self,
        provider: Arc<Provider>,
        errand: Errand,
        target: Option<(AppName, String)>,
    ) -> Result<Begun, FinishFault> {
        let keys = self.saml_keys().await?;
        let now = self.now();
        let id = new_id();
        let flow = SamlFlow::new(provider.name.clone(), errand, target, &id, now);
        let cookie = (flow.cookie_name(), flow.sealed(self.sealer()));
        let (entity, consumer) = (
            self.saml_entity().to_owned(),
            self.saml_consumer(&provider.name),
        );
        let asking = move || {
            let saml = usable(&provider, now)?;
            let contexts: Vec<&str> = match &flow.errand {
                Errand::Confirm { acr_values, .. } => {
                    acr_values.iter().map(String::as_str).collect()
                }
                Errand::SignIn | Errand::Link { .. } => Vec::new(),
            };
            let request = AuthnRequest {
                id: &id,
                now,
                issuer: &entity,
                destination: &saml.sign_on.location,
                acs_url: &consumer,
                name_id_format: asked(saml.names),
                contexts: &contexts,
                comparison: Comparison::Exact,
                force_authn: matches!(flow.errand, Errand::Confirm { .. }),
                is_passive: false,
            };
            sent(&request, saml, &keys)
        };
        let onward = self.on_saml(asking).await?;
        let (name, Some(sealed)) = cookie else {
            return Err(super::super::ProviderFault::Request.into());
        };
        Ok(Begun {
            onward,
            cookie: (name, Secret::new(sealed)),
        })
    }

    /// Runs what takes a while, such as to sign, where it holds up no traffic.
    pub(super) async fn on_saml<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, SamlFault> + Send + 'static,
    ) -> Result<T, FinishFault> {
        let working = self.shared.control.spawn_blocking(work);
        let done = working.await.map_err(crate::Unavailable::from)?;
        done.map_err(FinishFault::saml)
    }
}

/// What is declared of a SAML provider, if it may be used now.
pub(super) fn usable(provider: &Provider, now: Timestamp) -> Result<&SamlProvider, SamlFault> {
    let saml = provider.protocol.saml().ok_or(SamlFault::Protocol)?;
    match saml.valid_until {
        Some(until) if until <= now => Err(SamlFault::Expired(until)),
        _ => Ok(saml),
    }
}

fn sent(
    request: &AuthnRequest<'_>,
    saml: &SamlProvider,
    keys: &SamlKeys,
) -> Result<Onward, SamlFault> {
    let key = saml.signs_requests.then(|| keys.signing());
    Ok(match saml.sign_on.binding {
        SamlBinding::Redirect => Onward::Address(request.redirect(None, key)?),
        SamlBinding::Post => Onward::Form(request.post(None, key)?),
    })
}
