//! Public keys of clients, and of issuers elsewhere: as they are registered or declared, or from
//! the address that is (RFC 7591, 2; OpenID Connect Discovery 1.0, 4).

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use gw_jose::KeySet;
use gw_model::{ClientOwner, IssuerKeys, ProviderName, Timestamp, TokenIssuer};
use gw_oauth::ClientKeys;
use gw_outbound::{Origin, OutboundFault, Purpose, exchange};
use gw_tls::{ClientConfig, TlsFault};
use http::{Request, StatusCode, Uri};
use http_body_util::Empty;
use tokio::sync::Mutex;

/// How long keys from an address are taken as they were.
const FRESH: Duration = Duration::from_secs(300);
/// How soon an address is asked again where a key is not known, or it did not answer.
const AGAIN: Duration = Duration::from_secs(10);
/// How many addresses are known at a time.
const ADDRESSES_MAX: usize = 1_000;
/// How many sets that are registered or declared themselves are kept as they were read.
const SETS_MAX: usize = 256;

/// What was read of addresses and of sets. Each address is asked by one at a time, and keeps nobody
/// else waiting.
#[derive(Default)]
pub(crate) struct FetchedKeys {
    places: std::sync::Mutex<HashMap<Asked, Place>>,
    sets: ReadSets,
}

/// An address, and whom it is believed by there: what somebody else vouched for is not known.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Asked {
    address: String,
    /// The authorities that alone vouch for it, where they are not the system's.
    by: Option<Arc<str>>,
}

/// What was read of one address, if anything was.
type Place = Arc<Mutex<Option<Fetched>>>;

struct Fetched {
    /// When the keys were read.
    at: Timestamp,
    /// When they were last asked for.
    asked: Timestamp,
    keys: Option<Arc<KeySet>>,
}

impl Fetched {
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.keys.is_some() && now.since(self.at) < FRESH
    }
}

/// Sets as they were read, by the hash of their text: one that changed is another one. None where
/// it cannot be read.
#[derive(Default)]
struct ReadSets(std::sync::Mutex<HashMap<[u8; 32], Option<Arc<KeySet>>>>);

impl ReadSets {
    fn of(&self, json: &str) -> Option<Arc<KeySet>> {
        let hash = hash(json);
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = known.get(&hash) {
            return read.clone();
        }
        drop(known);
        let read = KeySet::parse(json.as_bytes()).ok().map(Arc::new);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= SETS_MAX {
            known.clear();
        }
        known.insert(hash, read.clone());
        read
    }
}

fn hash(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}

impl FetchedKeys {
    /// The keys of a client, where they are at hand. With `anew`, an address is asked again,
    /// within bounds: it may have others by now.
    pub(crate) async fn of(
        &self,
        keys: &ClientKeys,
        owner: ClientOwner,
        tls: &Arc<ClientConfig>,
        now: Timestamp,
        anew: bool,
    ) -> Option<Arc<KeySet>> {
        let address = match keys {
            ClientKeys::Jwks(json) => return self.sets.of(json),
            ClientKeys::JwksUri(address) => address,
        };
        let purpose = purpose_of(owner, Purpose::ClientKeys);
        let fetch = fetch(purpose, address, tls);
        // What is not asked for the one is known of the other all the same.
        let address = match purpose {
            Purpose::RegisteredClient => format!("registered {address}"),
            _ => address.clone(),
        };
        let asked = Asked { address, by: None };
        self.held(&asked, fetch, now, anew).await
    }

    /// The keys of an issuer elsewhere, by the same rules.
    pub(crate) async fn of_issuer(
        &self,
        issuer: &TokenIssuer,
        tls: &Arc<ClientConfig>,
        now: Timestamp,
        anew: bool,
    ) -> Option<Arc<KeySet>> {
        let address = match &issuer.keys {
            IssuerKeys::Set(json) => return self.sets.of(json),
            IssuerKeys::Address(address) => address.to_string(),
            IssuerKeys::Discovery => document_of(&issuer.issuer),
        };
        let by = issuer.ca.as_ref().map(|ca| Arc::clone(&ca.pem));
        let asked = Asked { address, by };
        self.held(&asked, issuer_keys(issuer, tls), now, anew).await
    }

    /// What is known of an address, or what `fetch` says.
    async fn held(
        &self,
        asked: &Asked,
        fetch: impl Future<Output = Result<KeySet, KeysFault>>,
        now: Timestamp,
        anew: bool,
    ) -> Option<Arc<KeySet>> {
        let place = self.place(asked);
        let mut held = place.lock().await;
        if let Some(held) = held.as_ref()
            && (now.since(held.asked) < AGAIN || held.is_fresh(now) && !anew)
        {
            // What was kept while nobody answered ages meanwhile.
            return held.keys.clone().filter(|_| held.is_fresh(now));
        }
        let (at, keys) = match fetch.await {
            Ok(keys) => (now, Some(Arc::new(keys))),
            Err(why) => {
                tracing::warn!(address = &*asked.address, %why, "keys could not be read");
                // Whoever names a key that nobody has takes none away that there are.
                let before = held.take().filter(|held| held.is_fresh(now));
                before.map_or((now, None), |held| (held.at, held.keys))
            }
        };
        *held = Some(Fetched {
            at,
            asked: now,
            keys: keys.clone(),
        });
        keys
    }

    fn place(&self, asked: &Asked) -> Place {
        let mut known = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ADDRESSES_MAX && !known.contains_key(asked) {
            known.clear();
        }
        Arc::clone(known.entry(asked.clone()).or_default())
    }
}

/// Why keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysFault {
    /// Nobody answers there, or nobody who is believed.
    #[error("{0}")]
    Outbound(#[from] OutboundFault),
    /// Who is there is not believed by the authorities that alone vouch for the issuer's servers.
    #[error(
        "{fault}: of the servers of the issuer `{issuer}`, only those are believed that `{file}` vouches for"
    )]
    Unbelieved {
        /// Who is there, and why it is not believed.
        fault: OutboundFault,
        /// The issuer's name here.
        issuer: ProviderName,
        /// The file with the authorities.
        file: Arc<str>,
    },
    /// The authorities of an issuer cannot be read.
    #[error("who vouches for the servers of the issuer `{issuer}` is not known: {fault}")]
    Authorities {
        /// The issuer's name here.
        issuer: ProviderName,
        /// What is wrong with them.
        fault: TlsFault,
    },
    /// The address, or what it answers, is none.
    #[error("{0}")]
    Answer(String),
}

impl KeysFault {
    fn answer(why: impl ToString) -> Self {
        Self::Answer(why.to_string())
    }
}

/// The keys of an issuer elsewhere as they are now; `tls` says whom the system believes.
///
/// # Errors
/// Why they cannot be had.
pub async fn issuer_keys(
    issuer: &TokenIssuer,
    tls: &Arc<ClientConfig>,
) -> Result<KeySet, KeysFault> {
    let Some(ca) = &issuer.ca else {
        return keys_of(issuer, tls).await;
    };
    let name = || issuer.name.clone();
    let own = gw_tls::believing_pem(Path::new(&*ca.file), ca.pem.as_bytes());
    let own = own.map_err(|fault| KeysFault::Authorities {
        issuer: name(),
        fault,
    })?;
    let keys = keys_of(issuer, &Arc::new(own)).await;
    keys.map_err(|fault| match fault {
        KeysFault::Outbound(fault @ OutboundFault::Tls(..)) => KeysFault::Unbelieved {
            fault,
            issuer: name(),
            file: Arc::clone(&ca.file),
        },
        other => other,
    })
}

async fn keys_of(issuer: &TokenIssuer, tls: &Arc<ClientConfig>) -> Result<KeySet, KeysFault> {
    match &issuer.keys {
        IssuerKeys::Set(json) => parsed(json.as_bytes()),
        IssuerKeys::Address(address) => fetch(Purpose::IssuerKeys, address, tls).await,
        IssuerKeys::Discovery => discover(&issuer.issuer, &document_of(&issuer.issuer), tls).await,
    }
}

/// For what a client is asked at addresses of its own: one that registered itself chose them.
pub(crate) const fn purpose_of(owner: ClientOwner, declared: Purpose) -> Purpose {
    match owner {
        ClientOwner::Itself => Purpose::RegisteredClient,
        ClientOwner::Configuration => declared,
    }
}

/// Where an issuer's own document lies (OpenID Connect Discovery 1.0, 4).
fn document_of(issuer: &str) -> String {
    let issuer = issuer.trim_end_matches('/');
    format!("{issuer}/.well-known/openid-configuration")
}

/// The keys of an issuer whose own document says where they are. One that says that it is somebody
/// else's is believed nothing (4.3).
async fn discover(
    issuer: &str,
    address: &str,
    tls: &Arc<ClientConfig>,
) -> Result<KeySet, KeysFault> {
    let document = get(Purpose::IssuerKeys, address, tls).await?;
    let document = gw_jose::json::object(&document).map_err(KeysFault::answer)?;
    let text = |name: &str| document.get(name).and_then(serde_json::Value::as_str);
    if text("issuer") != Some(issuer) {
        return Err(KeysFault::answer("its document is of another issuer"));
    }
    let silent = || KeysFault::answer("its document does not say where its keys are");
    let keys = text("jwks_uri").ok_or_else(silent)?;
    if !may_lead_to(issuer, keys) {
        let why = "its document says that its keys are at no `https://` address";
        return Err(KeysFault::answer(why));
    }
    fetch(Purpose::IssuerKeys, keys, tls).await
}

/// Whether an issuer's document may say that its keys are there: by TLS, and on this machine only
/// where the configuration says that the issuer is here itself.
fn may_lead_to(issuer: &str, keys: &str) -> bool {
    let of = |text: &str| Origin::of_or_loopback(&text.parse::<Uri>().ok()?);
    let is_here = of(issuer).is_some_and(|issuer| issuer.is_loopback());
    of(keys).is_some_and(|keys| is_here || keys.tls() && !keys.is_loopback())
}

async fn fetch(
    purpose: Purpose,
    address: &str,
    tls: &Arc<ClientConfig>,
) -> Result<KeySet, KeysFault> {
    parsed(&get(purpose, address, tls).await?)
}

fn parsed(json: &[u8]) -> Result<KeySet, KeysFault> {
    KeySet::parse(json).map_err(KeysFault::answer)
}

pub(crate) async fn get(
    purpose: Purpose,
    address: &str,
    tls: &Arc<ClientConfig>,
) -> Result<bytes::Bytes, KeysFault> {
    let no_address = |_| KeysFault::answer("it is no address");
    let uri: Uri = address.parse().map_err(no_address)?;
    let open = || KeysFault::answer("it is no `https://` address");
    let origin = Origin::of_or_loopback(&uri).ok_or_else(open)?;
    let request = Request::get(&uri)
        .body(Empty::<bytes::Bytes>::new())
        .map_err(KeysFault::answer)?;
    let answer = exchange(purpose, Some(tls), &origin, request).await?;
    match answer.status() {
        StatusCode::OK => Ok(answer.into_body()),
        status => Err(KeysFault::answer(format!("it answered {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_read_once_and_again_once_it_is_another() {
        let sets = ReadSets::default();
        let set = |kid: &str| {
            let key = gw_jose::PrivateKey::generate(gw_jose::KeyShape::P256).unwrap();
            let signer = gw_jose::Signer::new(gw_jose::Algorithm::Es256, &key).unwrap();
            let jwk = signer.public_jwk().replace(signer.kid(), kid);
            format!(r#"{{"keys":[{jwk}]}}"#)
        };
        let (one, other) = (set("one"), set("other"));
        let first = sets.of(&one).unwrap();
        assert!(Arc::ptr_eq(&first, &sets.of(&one).unwrap()));
        assert!(first.knows("one") && sets.of(&other).unwrap().knows("other"));
        assert!(sets.of("{}").is_none() && sets.of("{}").is_none());
        assert_eq!(sets.0.lock().unwrap().len(), 3);
    }

    #[test]
    fn no_more_sets_are_kept_than_are_meant_to_be() {
        let sets = ReadSets::default();
        for n in 0..=SETS_MAX {
            assert!(sets.of(&format!("no set, {n}")).is_none());
        }
        assert_eq!(sets.0.lock().unwrap().len(), 1);
    }

    #[test]
    fn an_issuers_document_leads_nowhere_on_this_machine() {
        let issuer = "https://issuer.example";
        assert!(may_lead_to(issuer, "https://issuer.example/keys"));
        assert!(may_lead_to(issuer, "https://10.0.0.1:6443/openid/v1/jwks"));
        for inward in [
            "http://127.0.0.1:9901/any?path",
            "http://localhost/",
            "http://[::1]:1/",
            "https://127.0.0.1/keys",
            "http://issuer.example/keys",
            "ftp://issuer.example/keys",
            "keys",
        ] {
            assert!(!may_lead_to(issuer, inward), "{inward}");
        }
        assert!(may_lead_to(
            "http://127.0.0.1:8080",
            "http://127.0.0.1:8080/keys"
        ));
    }

    #[test]
    fn who_registered_itself_is_asked_outside_alone() {
        let purpose = |owner| purpose_of(owner, Purpose::ClientKeys);
        assert_eq!(purpose(ClientOwner::Itself), Purpose::RegisteredClient);
        assert_eq!(purpose(ClientOwner::Configuration), Purpose::ClientKeys);
    }
}
