//! Our own key as an identity provider: made when it is first needed, and sealed in the store.

use std::sync::Arc;

use gw_identity::{Identity, Unavailable};
use gw_saml::Credential;
use tokio::sync::OnceCell;

/// The name that the key is sealed under: one key for each purpose.
const SIGNING: &str = "saml-identity-key/signing";

/// The key, once it is known.
#[derive(Default)]
pub(crate) struct SamlKey(OnceCell<Arc<Credential>>);

impl SamlKey {
    /// With what answers are signed.
    pub(crate) async fn get(&self, identity: &Identity) -> Result<Arc<Credential>, Unavailable> {
        let opened = self.0.get_or_try_init(|| async {
            let credential = identity.saml_credential(SIGNING).await?;
            Ok(Arc::new(credential))
        });
        opened.await.cloned()
    }
}
