//! Envoy, asking another server about each request by ext_authz over HTTP.

use super::Contender;
use crate::{
    Fault,
    site::{Site, free_port},
};

/// Asks a server that always says yes. `binary` is Envoy itself.
pub(crate) fn asking(site: &Site, binary: &str) -> Result<Contender, Fault> {
    let port = free_port()?;
    let folder = site.folder().display();
    let up = site.upstream_port;
    let cluster = |name: &str| {
        format!(
            "  - name: {name}
    type: STATIC
    load_assignment: {{ cluster_name: {name}, endpoints: [ {{ lb_endpoints: [ {{ endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {up} }} }} }} }} ] }} ] }}
"
        )
    };
    let config = format!(
        "static_resources:
  listeners:
  - name: in
    address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
    filter_chains:
    - transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context:
            alpn_protocols: [ h2, http/1.1 ]
            tls_params: {{ tls_minimum_protocol_version: TLSv1_3 }}
            tls_certificates: [ {{ certificate_chain: {{ filename: {folder}/chain.pem }}, private_key: {{ filename: {folder}/key.pem }} }} ]
      filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          route_config:
            virtual_hosts: [ {{ name: all, domains: [ \"*\" ], routes: [ {{ match: {{ prefix: \"/\" }}, route: {{ cluster: up }} }} ] }} ]
          http_filters:
          - name: envoy.filters.http.ext_authz
            typed_config:
              \"@type\": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
              transport_api_version: V3
              failure_mode_allow: false
              http_service:
                path_prefix: /auth?
                server_uri: {{ uri: \"http://127.0.0.1:{up}\", cluster: authz, timeout: 1s }}
          - name: envoy.filters.http.router
            typed_config: {{ \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
  clusters:
{}{}",
        cluster("up"),
        cluster("authz")
    );
    let config = site.write("envoy.yaml", &config)?;
    let command = [
        binary,
        "-c",
        &config,
        "--disable-hot-restart",
        "--concurrency",
        "1",
        "-l",
        "warning",
    ];
    Contender::start(site, "Envoy with ext_authz", port, &command)
}
