//! Public keys of clients: as they are registered, or from the address that is (RFC 7591, 2).

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use gw_jose::KeySet;
use gw_model::Timestamp;
use gw_oauth::ClientKeys;
use gw_outbound::{Origin, Purpose, exchange};
use gw_tls::ClientConfig;
use http::{Request, StatusCode, Uri};
use http_body_util::Empty;
use tokio::sync::Mutex;

/// How long keys from an address are taken as they were.
const FRESH: Duration = Duration::from_secs(300);
/// How soon an address is asked again where a key is not known, or it did not answer.
const AGAIN: Duration = Duration::from_secs(10);
/// How many addresses are known at a time.
const ADDRESSES_MAX: usize = 1_000;

/// What was read of addresses. Each is asked by one at a time, and keeps nobody else waiting.
#[derive(Default)]
pub(crate) struct FetchedKeys(std::sync::Mutex<HashMap<String, Place>>);

/// What was read of one address, if anything was.
type Place = Arc<Mutex<Option<Fetched>>>;

struct Fetched {
    at: Timestamp,
    keys: Option<Arc<KeySet>>,
}

impl FetchedKeys {
    /// The keys of a client, where they are at hand. With `anew`, an address is asked again,
    /// within bounds: it may have others by now.
    pub(crate) async fn of(
        &self,
        keys: &ClientKeys,
        tls: &Arc<ClientConfig>,
        now: Timestamp,
        anew: bool,
    ) -> Option<Arc<KeySet>> {
        let address = match keys {
            ClientKeys::Jwks(_) => return keys.inline()?.ok().map(Arc::new),
            ClientKeys::JwksUri(address) => address,
        };
        let place = self.place(address);
        let mut held = place.lock().await;
        let wait = match &*held {
            Some(held) if held.keys.is_some() && !anew => FRESH,
            _ => AGAIN,
        };
        if let Some(held) = held.as_ref().filter(|held| now.since(held.at) < wait) {
            return held.keys.clone();
        }
        let keys = match fetch(address, tls).await {
            Ok(keys) => Some(Arc::new(keys)),
            Err(why) => {
                tracing::warn!(address, why, "keys of a client could not be read");
                None
            }
        };
        *held = Some(Fetched {
            at: now,
            keys: keys.clone(),
        });
        keys
    }

    fn place(&self, address: &str) -> Place {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ADDRESSES_MAX && !known.contains_key(address) {
            known.clear();
        }
        Arc::clone(known.entry(address.to_owned()).or_default())
    }
}

async fn fetch(address: &str, tls: &Arc<ClientConfig>) -> Result<KeySet, String> {
    let uri: Uri = address.parse().map_err(|_| "it is no address")?;
    let origin = Origin::of_or_loopback(&uri).ok_or("it is no address")?;
    let request = Request::get(&uri)
        .body(Empty::<bytes::Bytes>::new())
        .map_err(|fault| fault.to_string())?;
    let answer = exchange(Purpose::ClientKeys, Some(tls), &origin, request).await;
    let answer = answer.map_err(|fault| fault.to_string())?;
    match answer.status() {
        StatusCode::OK => KeySet::parse(answer.body()).map_err(|fault| fault.to_string()),
        status => Err(format!("it answered {status}")),
    }
}
