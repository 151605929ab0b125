//! Apache with `mod_auth_openidc`: a session kept on the server, no decision.

use std::process::Command;

use super::Contender;
use crate::{
    Fault,
    provider::Provider,
    site::{Site, free_port},
};

/// Signed in at a provider of the run's own.
pub(crate) fn with_session(site: &Site, provider: &Provider) -> Result<Contender, Fault> {
    let port = free_port()?;
    provider.redirects_to(port);
    let config = site.write("apache.conf", &configuration(site, port, provider.port()))?;
    let command = ["apache2", "-DFOREGROUND", "-f", &config];
    let mut contender = Contender::start(site, "Apache with mod_auth_openidc", port, &command)?;
    contender.cookie = sign_in(site, port)?;
    Ok(contender)
}

fn configuration(site: &Site, port: u16, provider: u16) -> String {
    let (folder, up) = (site.folder().display(), site.upstream_port);
    let modules: String = [
        "mpm_event",
        "authn_core",
        "authz_core",
        "authz_user",
        "ssl",
        "http2",
        "proxy",
        "proxy_http",
        "auth_openidc",
        "unixd",
    ]
    .iter()
    .filter(|name| **name != "unixd")
    .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
    .collect();
    format!(
        "ServerRoot {folder}
PidFile {folder}/apache.pid
DefaultRuntimeDir {folder}
Mutex file:{folder} default
Listen 127.0.0.1:{port}
ServerName localhost:{port}
User www-data
Group www-data
ErrorLog {folder}/apache-error.log
LogLevel warn
{modules}StartServers 1
ServerLimit 4
ThreadsPerChild 100
MaxRequestWorkers 400
MaxKeepAliveRequests 0
KeepAliveTimeout 3600
Protocols h2 http/1.1
SSLEngine on
SSLProtocol TLSv1.3
SSLSessionCache none
SSLCertificateFile {folder}/chain.pem
SSLCertificateKeyFile {folder}/key.pem
OIDCProviderMetadataURL http://127.0.0.1:{provider}/.well-known/openid-configuration
OIDCClientID apache
OIDCClientSecret a-secret-of-this-run-alone-32-bytes
OIDCRedirectURI https://localhost:{port}/oidc
OIDCCryptoPassphrase a-passphrase-of-this-run
OIDCSessionType server-cache
OIDCCacheType shm
ProxyPass /oidc !
ProxyPass / http://127.0.0.1:{up}/ enablereuse=on
<Location />
  AuthType openid-connect
  Require valid-user
</Location>
"
    )
}

fn sign_in(site: &Site, port: u16) -> Result<String, Fault> {
    let jar = site.file("jar-apache").display().to_string();
    let authority = site.file("ca.pem").display().to_string();
    let url = format!("https://localhost:{port}/1k");
    let output = Command::new("curl")
        .args(["-sS", "-L", "-f", "-o", "/dev/null", "--cacert", &authority])
        .args(["-b", &jar, "-c", &jar, &url])
        .output()?;
    if !output.status.success() {
        let log = std::fs::read_to_string(site.file("apache-error.log")).unwrap_or_default();
        return Err(format!("apache: {}; {log}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let jar = std::fs::read_to_string(&jar)?;
    let value = jar
        .lines()
        .find(|line| line.contains("mod_auth_openidc_session"))
        .and_then(|line| line.rsplit('\t').next())
        .ok_or("apache set no session cookie")?;
    Ok(format!("mod_auth_openidc_session={value}"))
}
