//! One step of a sign-in or logout at a time, for tests with other implementations.
//!
//! `saml_peer COMMAND FOLDER NOW …` keeps keys in the folder, reads what came from the peer from
//! standard input, and prints one JSON object. `NOW` is in seconds since the epoch. The commands
//! are the arms of `run`; `tests/peers` has scripts that use them.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool of the tests says by panicking what does not work"
)]

use std::{collections::VecDeque, env, fs, io::Read as _, path::PathBuf, time::Duration};

use data_encoding::{BASE64, BASE64_MIME};
use gw_model::Timestamp;
use gw_saml::{
    Binding, Certificate, Credential, Decryptor, Message, MessageId, NameId, PostForm, Status,
    formats,
    idp::{RequestExpected, Shape, Vouching, check_request},
    logout::{self, LogoutAnswer, LogoutRequest},
    metadata::{self, Entity, OurIdp, OurSp, Reading},
    sp::{
        Asked, Attribute, Authentication, AuthnRequest, Cbc, Comparison, Expected, Signed,
        check_response,
    },
};
use serde_json::{Value, json};

const IDP: &str = "http://127.0.0.1:18600/idp";
const SSO: &str = "http://127.0.0.1:18600/idp/sso";
const IDP_LOGOUT: &str = "http://127.0.0.1:18600/idp/slo";
const SP: &str = "http://127.0.0.1:18600/sp";
const ACS: &str = "http://127.0.0.1:18600/sp/acs";
const SP_LOGOUT: &str = "http://127.0.0.1:18600/sp/slo";
const LEEWAY: Duration = Duration::from_secs(60);
const AGE_MAX: Duration = Duration::from_secs(300);

fn main() {
    let mut arguments: VecDeque<String> = env::args().skip(1).collect();
    let mut next = || arguments.pop_front().unwrap_or_default();
    let command = next();
    let peer = Peer {
        folder: next().into(),
        now: Timestamp::from_secs(next().parse().unwrap()),
    };
    println!("{}", peer.run(&command, &next(), &next()));
}

struct Peer {
    folder: PathBuf,
    now: Timestamp,
}

impl Peer {
    fn run(&self, command: &str, one: &str, other: &str) -> Value {
        match command {
            // Makes FOLDER/{idp,sp}.{key,crt} in PEM.
            "keys" => self.make_keys(),
            // Our metadata: idp | sp.
            "metadata" => self.metadata(one),
            // As SP: a request by redirect | post, to the IdP of METADATA.
            "ask" => self.ask(one, other),
            // As SP: checks the form on standard input, from the IdP of METADATA, to REQUEST.
            "accept" => self.accept(one, other),
            // As IdP: answers the query or form on standard input, from the SP of METADATA, in
            // SHAPE: assertion | response | encrypted.
            "answer" => self.answer(one, other),
            // A logout request by redirect, as idp | sp, to the peer of METADATA; the name and
            // session on standard input.
            "logout-ask" => self.logout_ask(one, other),
            // Checks and answers the logout request's query on standard input.
            "logout-answer" => self.logout_answer(one, other),
            // Checks the logout response's query on standard input, to REQUEST.
            "logout-accept" => self.logout_accept(one, other),
            other => json!({ "error": format!("no command `{other}`") }),
        }
    }

    fn make_keys(&self) -> Value {
        let until = self.now.after(Duration::from_secs(30 * 86_400));
        for name in ["idp", "sp"] {
            let made = Credential::generate(name, self.now.before(AGE_MAX), until).unwrap();
            let write = |end: &str, label: &str, der: &[u8]| {
                let body = BASE64_MIME.encode(der).replace('\r', "");
                let pem = format!("-----BEGIN {label}-----\n{body}-----END {label}-----\n");
                fs::write(self.folder.join(format!("{name}.{end}")), pem).unwrap();
            };
            write("key", "PRIVATE KEY", &made.private_key);
            write("crt", "CERTIFICATE", &made.certificate);
        }
        json!({})
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap()
    }

    fn private_key(&self, name: &str) -> Vec<u8> {
        let pem = self.file(&format!("{name}.key"));
        let lines = pem.lines().filter(|line| !line.starts_with('-'));
        let body: String = lines.collect();
        BASE64.decode(body.as_bytes()).unwrap()
    }

    fn credential(&self, name: &str) -> Credential {
        let certificate = self.certificate(name);
        Credential::new(&self.private_key(name), certificate.der()).unwrap()
    }

    fn certificate(&self, name: &str) -> Certificate {
        Certificate::from_text(&self.file(&format!("{name}.crt"))).unwrap()
    }

    fn peer(&self, metadata: &str) -> Entity {
        let reading = Reading {
            now: self.now,
            entity_id: None,
            signers: &[],
        };
        metadata::read(&fs::read(metadata).unwrap(), &reading).unwrap()
    }

    fn metadata(&self, role: &str) -> Value {
        let certificates = [self.certificate(role)];
        let xml = if role == "idp" {
            OurIdp {
                entity_id: IDP,
                valid_until: None,
                signing: &certificates,
                sso_url: SSO,
                logout_url: Some(IDP_LOGOUT),
                want_authn_requests_signed: true,
                name_id_formats: &[formats::UNSPECIFIED],
            }
            .to_xml(None)
        } else {
            OurSp {
                entity_id: SP,
                valid_until: None,
                signing: &certificates,
                encryption: &certificates,
                acs_urls: &[ACS],
                logout_url: Some(SP_LOGOUT),
                name_id_formats: &[formats::UNSPECIFIED],
            }
            .to_xml(None)
        };
        json!({ "xml": xml.unwrap() })
    }

    fn ask(&self, binding: &str, metadata: &str) -> Value {
        let idp = self.peer(metadata).idp.unwrap();
        let by = if binding == "post" {
            Binding::Post
        } else {
            Binding::Redirect
        };
        let id = random_id();
        let request = AuthnRequest {
            id: &id,
            now: self.now,
            issuer: SP,
            destination: &idp.single_sign_on_by(by).unwrap().location,
            acs_url: ACS,
            name_id_format: None,
            contexts: &[],
            comparison: Comparison::Exact,
            force_authn: false,
            is_passive: false,
        };
        let credential = self.credential("sp");
        match by {
            Binding::Redirect => {
                let url = request.redirect(Some("rs1"), Some(&credential)).unwrap();
                json!({ "id": id.as_str(), "url": url })
            }
            Binding::Post => {
                let form = request.post(Some("rs1"), Some(&credential)).unwrap();
                json!({ "id": id.as_str(), "form": fields(&form) })
            }
        }
    }

    fn accept(&self, metadata: &str, request: &str) -> Value {
        let entity = self.peer(metadata);
        let idp = entity.idp.unwrap();
        let expected = Expected {
            now: self.now,
            leeway: LEEWAY,
            age_max: AGE_MAX,
            idp: &entity.entity_id,
            idp_certificates: &idp.signing,
            sp: SP,
            acs_url: ACS,
            asked: Asked::Request(request),
            signed: Signed::Either,
            decryption: &[Decryptor::new(&self.private_key("sp")).unwrap()],
            cbc: Cbc::InSignedResponse,
        };
        let message = match Message::from_post(input().as_bytes()) {
            Ok(message) => message,
            Err(fault) => return json!({ "error": fault.to_string() }),
        };
        match check_response(&message, &expected) {
            Err(fault) => json!({ "error": fault.to_string() }),
            Ok(signed_in) => json!({
                "name_id": signed_in.name_id.as_ref().map(|id| &*id.value),
                "format": signed_in.name_id.as_ref().and_then(|id| id.format.as_deref()),
                "groups": signed_in.values("groups").collect::<Vec<_>>(),
                "attributes": signed_in.attributes.iter().map(|one| &*one.name).collect::<Vec<_>>(),
                "session": signed_in.authentication.session_index,
                "was_encrypted": signed_in.was_encrypted,
                "assertion_id": signed_in.assertion_id,
            }),
        }
    }

    fn answer(&self, metadata: &str, shape: &str) -> Value {
        let entity = self.peer(metadata);
        let sp = entity.sp.unwrap();
        let message = read_either(&input());
        let expected = RequestExpected {
            now: self.now,
            leeway: LEEWAY,
            age_max: AGE_MAX,
            sso_url: SSO,
            sp_entity_id: &entity.entity_id,
            sp: &sp,
            require_signature: true,
        };
        let asked = match check_request(&message, &expected) {
            Ok(asked) => asked,
            Err(fault) => return json!({ "error": fault.to_string() }),
        };
        let (response_id, assertion_id) = (random_id(), random_id());
        let recipient = sp.recipient().filter(|_| shape == "encrypted");
        let vouching = Vouching {
            response_id: &response_id,
            assertion_id: &assertion_id,
            now: self.now,
            not_before: self.now.before(LEEWAY),
            not_on_or_after: self.now.after(AGE_MAX),
            issuer: IDP,
            audience: &entity.entity_id,
            acs_url: &asked.acs_url,
            in_response_to: Some(&asked.id),
            name_id: &NameId::new("ana", formats::UNSPECIFIED),
            authentication: &Authentication {
                instant: self.now,
                context: None,
                session_index: Some("session-1".into()),
                session_not_on_or_after: Some(self.now.after(AGE_MAX * 12)),
            },
            attributes: &[Attribute {
                name: "groups".into(),
                name_format: None,
                friendly_name: None,
                values: vec!["staff".into(), "ops & <more>".into()],
            }],
        };
        let shape = Shape {
            sign_response: shape != "assertion",
            encrypt_to: recipient.as_ref(),
        };
        let credential = self.credential("idp");
        let form = vouching.post(shape, asked.relay_state.as_deref(), &credential);
        let form = form.unwrap();
        json!({ "action": form.action, "form": fields(&form), "assertion_id": assertion_id.as_str(), "response_id": response_id.as_str() })
    }

    fn logout_ask(&self, role: &str, metadata: &str) -> Value {
        let entity = self.peer(metadata);
        let endpoints = if role == "sp" {
            entity.idp.unwrap().single_logout
        } else {
            entity.sp.unwrap().single_logout
        };
        let redirect = endpoints
            .iter()
            .find(|one| one.binding == Binding::Redirect);
        let (id, name_id) = (random_id(), NameId::new("ana", formats::UNSPECIFIED));
        let session = input();
        let request = LogoutRequest {
            id: &id,
            now: self.now,
            not_on_or_after: self.now.after(AGE_MAX),
            issuer: if role == "sp" { SP } else { IDP },
            destination: &redirect.unwrap().location,
            name_id: &name_id,
            session_indexes: &[session.trim()],
        };
        let url = request
            .redirect(Some("rs1"), &self.credential(role))
            .unwrap();
        json!({ "id": id.as_str(), "url": url })
    }

    fn logout_answer(&self, role: &str, metadata: &str) -> Value {
        let entity = self.peer(metadata);
        let message = read_either(&input());
        let (certificates, endpoints) = keys_and_logout(&entity, role);
        let asked = match logout::check_request(
            &message,
            &self.logout_expected(&entity, role, &certificates),
        ) {
            Ok(asked) => asked,
            Err(fault) => return json!({ "error": fault.to_string() }),
        };
        let id = random_id();
        // node-saml's metadata names one address, and it takes both bindings there.
        let back = endpoints.first().unwrap();
        let answer = LogoutAnswer {
            id: &id,
            now: self.now,
            issuer: if role == "sp" { SP } else { IDP },
            destination: back.response(),
            in_response_to: &asked.id,
            status: &Status::SUCCESS,
        };
        let url = answer
            .redirect(asked.relay_state.as_deref(), &self.credential(role))
            .unwrap();
        json!({ "name_id": asked.name_id.value, "sessions": asked.session_indexes, "url": url })
    }

    fn logout_accept(&self, metadata: &str, request: &str) -> Value {
        let entity = self.peer(metadata);
        let role = if entity.idp.is_some() { "sp" } else { "idp" };
        let message = read_either(&input());
        let (certificates, _) = keys_and_logout(&entity, role);
        let expected = self.logout_expected(&entity, role, &certificates);
        match logout::check_response(&message, request, &expected) {
            Ok(status) => json!({ "status": status.to_string() }),
            Err(fault) => json!({ "error": fault.to_string() }),
        }
    }

    fn logout_expected<'a>(
        &self,
        entity: &'a Entity,
        role: &str,
        certificates: &'a [Certificate],
    ) -> logout::Expected<'a> {
        logout::Expected {
            now: self.now,
            leeway: LEEWAY,
            age_max: AGE_MAX,
            peer: &entity.entity_id,
            certificates,
            url: if role == "sp" { SP_LOGOUT } else { IDP_LOGOUT },
            decryption: &[],
        }
    }
}

/// The peer's keys and addresses, where we are in this role.
fn keys_and_logout(entity: &Entity, role: &str) -> (Vec<Certificate>, Vec<metadata::Endpoint>) {
    if role == "sp" {
        let idp = entity.idp.clone().unwrap();
        (idp.signing, idp.single_logout)
    } else {
        let sp = entity.sp.clone().unwrap();
        (sp.signing, sp.single_logout)
    }
}

fn random_id() -> MessageId {
    let mut bits = [0; 20];
    aws_lc_rs::rand::fill(&mut bits).unwrap();
    MessageId::from_random(bits)
}

fn input() -> String {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    text
}

/// A query has its message deflated, a form does not: the script says which by a prefix.
fn read_either(text: &str) -> Message {
    let message = match text.strip_prefix("post:") {
        Some(form) => Message::from_post(form.as_bytes()),
        None => Message::from_redirect(text.trim_end()),
    };
    message.unwrap()
}

fn fields(form: &PostForm) -> Value {
    let all = form.fields.iter();
    all.map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
