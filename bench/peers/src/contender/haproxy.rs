//! HAProxy as a TLS reverse proxy.

use super::Contender;
use crate::{
    Fault,
    site::{Site, free_port},
};

/// Forwards everything.
pub(crate) fn plain(site: &Site) -> Result<Contender, Fault> {
    let port = free_port()?;
    let folder = site.folder().display();
    let (up, echo) = (site.upstream_port, site.echo_port);
    let config = format!(
        "global
  nbthread 1
  maxconn 9000
  ssl-default-bind-options ssl-min-ver TLSv1.3
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
  http-reuse always
frontend in
  bind 127.0.0.1:{port} ssl crt {folder}/both.pem alpn h2,http/1.1
  use_backend echo if {{ path /echo }}
  default_backend up
backend up
  server up 127.0.0.1:{up} pool-max-conn 256
backend echo
  server echo 127.0.0.1:{echo}
"
    );
    let config = site.write("haproxy.cfg", &config)?;
    let command = ["haproxy", "-db", "-f", &config];
    Contender::start(site, "HAProxy", port, &command)
}
