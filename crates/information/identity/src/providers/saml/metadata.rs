//! What SAML providers are told of us (Metadata 2).

use std::collections::BTreeSet;

use gw_saml::metadata::OurSp;

use super::{super::FinishFault, subject::asked};
use crate::Identity;

/// Where providers tell of logouts, and where they answer ours.
pub(crate) const LOGOUT: &str = "/provider/saml/logout";

impl Identity {
    /// Our metadata; none where no provider speaks SAML.
    pub(crate) async fn saml_metadata(&self) -> Result<Option<String>, FinishFault> {
        let view = self.engine().view();
        let providers = view.facts.providers();
        let spoken: Vec<_> = providers
            .filter_map(|provider| Some((&provider.name, provider.protocol.saml()?)))
            .collect();
        if spoken.is_empty() {
            return Ok(None);
        }
        let keys = self.saml_keys().await?;
        let consumers: Vec<_> = spoken
            .iter()
            .map(|(name, _)| self.saml_consumer(name))
            .collect();
        let consumers: Vec<&str> = consumers.iter().map(String::as_str).collect();
        let formats: BTreeSet<_> = spoken.iter().filter_map(|(_, s)| asked(s.names)).collect();
        let formats: Vec<_> = formats.into_iter().collect();
        let document = OurSp {
            entity_id: self.saml_entity(),
            valid_until: None,
            signing: &keys.certificates(),
            encryption: &keys.encryption(),
            acs_urls: &consumers,
            logout_url: Some(&self.saml_logout_url()),
            name_id_formats: &formats,
        };
        let document = document.to_xml(None);
        Ok(Some(document.map_err(|f| FinishFault::saml(f.into()))?))
    }

    pub(super) fn saml_logout_url(&self) -> String {
        format!("{}{LOGOUT}", self.saml_entity())
    }
}
