//! nginx as a TLS reverse proxy, alone and asking another server about each request.

use super::Contender;
use crate::{
    Fault,
    site::{Site, free_port},
};

/// Forwards everything.
pub(crate) fn plain(site: &Site) -> Result<Contender, Fault> {
    let locations = "location /echo { proxy_pass http://echo; proxy_set_header Connection upgrade; proxy_set_header Upgrade $http_upgrade; }
  location / { proxy_pass http://up; }";
    start(site, "nginx", locations)
}

/// Asks a server that always says yes.
pub(crate) fn asking(site: &Site) -> Result<Contender, Fault> {
    let locations = "location / { auth_request /authz; proxy_pass http://up; }
  location = /authz { internal; proxy_pass http://up/auth; proxy_pass_request_body off; proxy_set_header Content-Length \"\"; }";
    start(site, "nginx with auth_request", locations)
}

fn start(site: &Site, name: &'static str, locations: &str) -> Result<Contender, Fault> {
    let port = free_port()?;
    let folder = site.folder().display();
    let (up, echo) = (site.upstream_port, site.echo_port);
    let config = format!(
        "worker_processes 1; pid {folder}/nginx-{port}.pid; events {{ worker_connections 9000; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 3600;
 client_body_temp_path {folder}/p1; proxy_temp_path {folder}/p2; fastcgi_temp_path {folder}/p3; uwsgi_temp_path {folder}/p4; scgi_temp_path {folder}/p5;
 ssl_certificate {folder}/chain.pem; ssl_certificate_key {folder}/key.pem; ssl_protocols TLSv1.3;
 upstream up {{ server 127.0.0.1:{up}; keepalive 256; keepalive_requests 100000000; }}
 upstream echo {{ server 127.0.0.1:{echo}; }}
 proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Host $host;
 server {{ listen 127.0.0.1:{port} ssl http2 backlog=4096;
  {locations} }} }}
"
    );
    let config = site.write(&format!("nginx-{port}.conf"), &config)?;
    let command = ["nginx", "-e", "stderr", "-g", "daemon off;", "-c", &config];
    Contender::start(site, name, port, &command)
}
