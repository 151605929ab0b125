//! Gatewright as an authorisation server of programs.

use std::{fmt::Write as _, fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use jsonwebtoken::Algorithm;

use super::{
    Server, WarmUp,
    requests::{Key, SECRET, SIGNERS, signer, with_secret},
};
use crate::{
    Fault,
    contender::gatewright::{Folder, Setup, up},
    site::Site,
};

const SETUP: Setup = Setup {
    name: "Gatewright, ES256",
    statements: 100,
    accepted: "written",
};

const POLICIES: &str = "@id(\"tokens-for-programs\")
permit (principal in Group::\"programs\", action == Action::\"token.issue\", resource == App::\"echo\");
";

/// With its clients declared.
pub(crate) fn start(site: &Site, binary: &Path, key: &Key) -> Result<Server, Fault> {
    let mut folder = Folder::new(site)?;
    folder.policies = Some(POLICIES);
    folder.more = clients();
    let secret = folder.path.join("program.secret");
    fs::write(&secret, SECRET)?;
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600))?;
    fs::write(folder.path.join("program.keys"), key.public()?)?;
    let contender = up(site, binary, SETUP, &[], &folder)?;
    Ok(Server {
        host: "auth.localhost",
        is_tls: true,
        path: "/oauth/token",
        issuer: format!("https://auth.localhost:{}", contender.port),
        resource: Some(format!("https://echo.localhost:{}", contender.port)),
        warm_up: WarmUp {
            worked: Duration::ZERO,
            steady: 1,
        },
        contender,
    })
}

fn clients() -> String {
    let mut text = String::from("[[group]]\nname = \"programs\"\n");
    let mut client = |name: &str, how: &str| {
        // Writing into a string cannot fail.
        let _ = writeln!(
            text,
            "[[client]]\nname = \"{name}\"\ntype = \"service\"\nresources = [\"echo\"]\ngroups = [\"programs\"]\n{how}"
        );
    };
    let algorithm = Algorithm::ES256;
    client(
        &with_secret(algorithm),
        "secrets = [\"program.secret\"]\nserves = [\"echo\"]\ngrants = [\"client-credentials\", \"token-exchange\"]",
    );
    for number in 0..SIGNERS {
        client(&signer(algorithm, number), "keys = \"program.keys\"");
    }
    text
}
