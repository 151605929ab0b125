//! A person's way to a provider and back.

use std::sync::Arc;

use gw_model::{AppName, Provider, ProviderName};
use gw_store::Secret;

use super::{
    Errand, FinishFault, Flow, NotLetIn, ProviderFault, Returned, arrival::Arrival, asked::ask,
    metadata::Metadata, oidc, saml::Onward,
};
use crate::{Identity, identity::Person, links::SignedIn};

/// Where a browser is sent, and what it keeps meanwhile.
pub(crate) struct Begun {
    pub(crate) onward: Onward,
    pub(crate) cookie: (String, Secret<String>),
}

impl Identity {
    /// The providers that people can sign in by now, by name.
    pub(crate) fn open_providers(&self) -> Vec<Arc<Provider>> {
        let view = self.engine().view();
        let now = self.now();
        let is_open = |provider: &&Arc<Provider>| {
            !provider.is_off() && self.shared.providers.is_reachable(provider, now)
        };
        view.facts.providers().filter(is_open).cloned().collect()
    }

    pub(super) fn open_provider(&self, name: &ProviderName) -> Result<Arc<Provider>, FinishFault> {
        let view = self.engine().view();
        let on = view
            .facts
            .provider(name)
            .filter(|provider| !provider.is_off());
        Ok(on.cloned().ok_or_else(|| NotLetIn::Off(name.to_string()))?)
    }

    async fn metadata_of(&self, provider: &Arc<Provider>) -> Result<Arc<Metadata>, ProviderFault> {
        let connection = self.shared.providers.connection(&provider.name)?;
        let (issuer, now) = (provider.issuer.clone(), self.now());
        self.on_control(async move { connection.metadata(&issuer, now).await })
            .await
    }

    /// Runs what speaks with others where it holds up no traffic.
    async fn on_control<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, ProviderFault>> + Send + 'static,
    ) -> Result<T, ProviderFault> {
        let working = self.shared.control.spawn(work);
        working.await.unwrap_or(Err(ProviderFault::Request))
    }

    /// Sends somebody to a provider.
    pub(crate) async fn begin_flow(
        &self,
        name: &ProviderName,
        errand: Errand,
        target: Option<(AppName, String)>,
        redirect_uri: String,
    ) -> Result<Begun, FinishFault> {
        let provider = self.open_provider(name)?;
        if provider.protocol.saml().is_some() {
            return self.begin_saml(provider, errand, target).await;
        }
        let metadata = self.metadata_of(&provider).await?;
        let flow = Flow::new(name.clone(), errand, target, redirect_uri, self.now());
        let (client_id, scopes) = oidc(&provider)?;
        let url = flow.authorization_url(&metadata, client_id, scopes);
        let sealed = flow.sealed(self.shared.providers.sealer());
        let (Some(url), Some(sealed)) = (url, sealed) else {
            return Err(ProviderFault::Request.into());
        };
        Ok(Begun {
            onward: Onward::Address(url),
            cookie: (flow.cookie_name(), Secret::new(sealed)),
        })
    }

    /// Takes what came back, asks the provider what its code is worth, and changes what follows.
    pub(crate) async fn finish_flow(
        &self,
        returned: Returned,
        present: Option<&Person>,
        client: Arc<str>,
    ) -> Result<Option<SignedIn>, FinishFault> {
        let errand = returned.flow.errand.clone();
        begun_within(&errand, present)?;
        let arrival = self.arrival(returned).await?;
        self.arrive(errand, arrival, present, client).await
    }

    /// Changes what follows from somebody's coming.
    pub(crate) async fn arrive(
        &self,
        errand: Errand,
        arrival: Arrival,
        present: Option<&Person>,
        client: Arc<str>,
    ) -> Result<Option<SignedIn>, FinishFault> {
        let within = begun_within(&errand, present)?;
        match (errand, within) {
            (Errand::Link { .. }, Some(person)) => {
                self.link_to(person, arrival).await?;
                Ok(None)
            }
            (Errand::Confirm { .. }, Some(person)) => {
                self.confirm_by(person, arrival).await.map(Some)
            }
            _ => self.sign_in_by(arrival, present, client).await.map(Some),
        }
    }

    async fn arrival(&self, returned: Returned) -> Result<Arrival, FinishFault> {
        let provider = self.open_provider(&returned.flow.provider)?;
        let connection = self.shared.providers.connection(&provider.name)?;
        let now = self.now();
        let key = match connection.shows_a_key() {
            true => Some(self.provider_key().await?),
            false => None,
        };
        let asking =
            async move { ask(&connection, &provider, &returned, key.as_deref(), now).await };
        Ok(self.on_control(asking).await?)
    }
}

/// Whom it was begun by, within a session of theirs; nobody where it was to sign in.
fn begun_within<'p>(
    errand: &Errand,
    present: Option<&'p Person>,
) -> Result<Option<&'p Person>, FinishFault> {
    match errand {
        Errand::SignIn => Ok(None),
        Errand::Confirm { session, .. } | Errand::Link { session } => {
            let same = present.filter(|person| person.session.id == *session);
            same.map(Some).ok_or(FinishFault::SessionOver)
        }
    }
}
