//! Caddy, asking another server about each request.

use super::Contender;
use crate::{
    Fault,
    site::{Site, free_port},
};

/// Asks a server that always says yes.
pub(crate) fn asking(site: &Site) -> Result<Contender, Fault> {
    let port = free_port()?;
    let folder = site.folder().display();
    let up = site.upstream_port;
    let config = format!(
        "{{
  auto_https off
  admin off
  storage file_system {folder}/caddy
}}
https://localhost:{port} {{
  bind 127.0.0.1
  tls {folder}/chain.pem {folder}/key.pem
  forward_auth 127.0.0.1:{up} {{
    uri /auth
  }}
  reverse_proxy 127.0.0.1:{up}
}}
"
    );
    let config = site.write("Caddyfile", &config)?;
    let command = [
        "env",
        "GOMAXPROCS=1",
        "caddy",
        "run",
        "--adapter",
        "caddyfile",
        "--config",
        &config,
    ];
    Contender::start(site, "Caddy with forward_auth", port, &command)
}
