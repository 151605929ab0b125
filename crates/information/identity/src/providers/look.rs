//! Whether people could sign in by a provider now, as an operator asks: its document and its keys.

use gw_jose::KeySet;
use gw_model::{Provider, Timestamp};
use gw_outbound::OutboundFault;

use super::{ProviderClient, ProviderFault, connection::Connection, metadata::Metadata};

/// What keeps people from signing in by a provider.
#[derive(Debug, thiserror::Error)]
pub enum ProviderTrouble {
    /// Its server is not reached, or gives nothing.
    #[error("{0}")]
    Unreached(String),
    /// Its server is reached and not believed.
    #[error("{0}")]
    Unbelieved(String),
    /// What it says of itself cannot be used.
    #[error("{0}")]
    Document(String),
    /// None of its keys can be used.
    #[error("{0}")]
    Keys(String),
}

/// Asks a provider for its document and its keys, as a sign-in would; tells how many of the keys
/// can be used.
///
/// # Errors
/// What keeps people from signing in by it.
pub async fn look_at_provider(
    client: ProviderClient,
    provider: &Provider,
    now: Timestamp,
) -> Result<usize, ProviderTrouble> {
    let connection = Connection::new(client);
    let metadata = connection.metadata(&provider.issuer, now).await?;
    let keys = connection
        .keys(&provider.issuer, &metadata, false, now)
        .await?;
    usable(&keys, &metadata)
}

/// How many keys sign by an algorithm that the document names.
fn usable(keys: &KeySet, metadata: &Metadata) -> Result<usize, ProviderTrouble> {
    let fits = |key: &&gw_jose::PublicKey| {
        let mut algorithms = metadata.algorithms.iter();
        algorithms.any(|algorithm| key.fits(*algorithm))
    };
    match keys.keys().iter().filter(fits).count() {
        0 => Err(ProviderTrouble::Keys(format!(
            "of its {} keys none can be used",
            keys.keys().len() + keys.skipped().len()
        ))),
        usable => Ok(usable),
    }
}

impl From<ProviderFault> for ProviderTrouble {
    fn from(fault: ProviderFault) -> Self {
        let told = fault.to_string();
        match fault {
            ProviderFault::Outbound(OutboundFault::Tls(..)) | ProviderFault::Unbelieved { .. } => {
                Self::Unbelieved(told)
            }
            ProviderFault::Metadata(_) | ProviderFault::Issuer => Self::Document(told),
            ProviderFault::Keys(_) => Self::Keys(told),
            _ => Self::Unreached(told),
        }
    }
}

#[cfg(test)]
mod tests;
