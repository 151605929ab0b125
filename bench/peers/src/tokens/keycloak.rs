//! Keycloak, in the mode that it is run in by whoever depends on it, with a realm of this run's.

use std::{path::Path, process::Command, time::Duration};

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::{
    Server, WarmUp,
    requests::{Key, SECRET, SIGNERS, signer, with_secret},
};
use crate::{
    Fault,
    contender::Contender,
    site::{Site, free_port},
};

const ADMINISTRATOR: &str = "admin";
const PASSWORD: &str = "of-this-run-alone";

/// Its code is compiled while it runs, over minutes: some of them are its start's, which takes about one.
const WARM_UP: WarmUp = WarmUp {
    worked: Duration::from_secs(150),
    steady: 5,
};

/// Started from where `scripts/setup-keycloak.sh` has put it.
pub(crate) fn start(site: &Site, place: Option<&Path>, key: &Key) -> Result<Server, Fault> {
    let script = place
        .ok_or("`--keycloak FOLDER` is not given")?
        .join("bin/kc.sh");
    if !script.exists() {
        return Err(format!("{} is not there", script.display()).into());
    }
    eprintln!("starting Keycloak, which takes a minute or two");
    let (port, script) = (free_port()?, script.display().to_string());
    let command = [
        "env",
        &format!("KC_BOOTSTRAP_ADMIN_USERNAME={ADMINISTRATOR}"),
        &format!("KC_BOOTSTRAP_ADMIN_PASSWORD={PASSWORD}"),
        "JAVA_OPTS_KC_HEAP=-Xms512m -Xmx512m",
        &script,
        "start",
        "--optimized",
        "--hostname-strict=false",
        "--http-enabled=true",
        "--http-host=127.0.0.1",
        &format!("--http-port={port}"),
    ];
    let contender = Contender::start(site, "Keycloak", port, &command)?;
    let mut server = Server {
        host: "localhost",
        is_tls: false,
        path: "/realms/bench/protocol/openid-connect/token",
        issuer: format!("http://localhost:{port}/realms/bench"),
        resource: None,
        warm_up: WARM_UP,
        contender,
    };
    let master = format!("http://127.0.0.1:{port}/realms/master");
    let answers = || curl(&[&master]).is_ok();
    server.contender.program.until("it answered", answers)?;
    declare(site, port, key)?;
    Ok(server)
}

/// Makes the realm and its clients.
fn declare(site: &Site, port: u16, key: &Key) -> Result<(), Fault> {
    let address = format!("http://127.0.0.1:{port}");
    let granted = curl(&[
        &format!("{address}/realms/master/protocol/openid-connect/token"),
        "-d",
        &format!(
            "grant_type=password&client_id=admin-cli&username={ADMINISTRATOR}&password={PASSWORD}"
        ),
    ])?;
    let granted: Value = serde_json::from_str(&granted)?;
    let token = granted.get("access_token").and_then(Value::as_str);
    let authorization = format!("Authorization: Bearer {}", token.ok_or("no token")?);
    let realm = site.write("realm.json", &realm(key)?.to_string())?;
    curl(&[
        &format!("{address}/admin/realms"),
        "-H",
        &authorization,
        "-H",
        "Content-Type: application/json",
        "-d",
        &format!("@{realm}"),
    ])?;
    Ok(())
}

fn realm(key: &Key) -> Result<Value, Fault> {
    let mut clients = Vec::new();
    for algorithm in [Algorithm::ES256, Algorithm::RS256] {
        let mut client = |name: String, how: Value, more: Value| {
            let mut attributes =
                json!({ "access.token.signed.response.alg": format!("{algorithm:?}") });
            merge(&mut attributes, more);
            let mut client = json!({
                "clientId": name, "serviceAccountsEnabled": true, "standardFlowEnabled": false,
                "fullScopeAllowed": false, "attributes": attributes,
            });
            merge(&mut client, how);
            clients.push(client);
        };
        client(
            with_secret(algorithm),
            json!({ "secret": SECRET }),
            json!({ "standard.token.exchange.enabled": "true" }),
        );
        for number in 0..SIGNERS {
            client(
                signer(algorithm, number),
                json!({ "clientAuthenticatorType": "client-jwt" }),
                json!({
                    "use.jwks.string": "true", "jwks.string": key.public()?,
                    "token.endpoint.auth.signing.alg": "ES256",
                }),
            );
        }
    }
    Ok(json!({ "realm": "bench", "enabled": true, "sslRequired": "none", "clients": clients }))
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

fn curl(arguments: &[&str]) -> Result<String, Fault> {
    let output = Command::new("curl")
        .args(["-sS", "--fail-with-body"])
        .args(arguments)
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    let fault = String::from_utf8_lossy(&output.stderr);
    Err(format!("curl: {fault} {said}").into())
}
