// Apache with mod_auth_openidc, as an organisation's servers have it: an Apache of the test's own, on loopback, with a
// configuration of its own. The system's is neither read nor touched.

import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, run } from './child.mjs';
import { until } from './until.mjs';

const PROGRAM = '/usr/sbin/apache2';
const MODULES = '/usr/lib/apache2/modules';
const LOADED = [
  'mpm_event', 'authn_core', 'authz_core', 'authz_user', 'dir', 'mime', 'include', 'socache_shmcb', 'ssl', 'auth_openidc',
];

export const isInstalled = [PROGRAM, `${MODULES}/mod_auth_openidc.so`, `${MODULES}/mod_ssl.so`].every(existsSync);

/** What the app sees, on a page of its own: names of the environment to what they hold. */
const PAGE = `<!doctype html><title>Apache</title><main>${[
  'REMOTE_USER', 'OIDC_CLAIM_groups', 'OIDC_CLAIM_email', 'OIDC_CLAIM_preferred_username', 'OIDC_CLAIM_acr',
  'OIDC_CLAIM_client_id', 'OIDC_CLAIM_scope', 'OIDC_access_token', 'OIDC_id_token', 'OIDC_id_token_payload', 'OIDC_userinfo_json',
].map((name) => `<p id="${name}"><!--#echo var="${name}" --></p>`).join('\n')}</main>`;

/**
 * Starts it on the TLS port `port` with `sites` (`{ host, plain, directives }`): each has the same pages, and is at the
 * plain port `plain` too, where it has one, for what is said from server to server. `ca` is the file of who vouches for
 * Gatewright, `chain` and `key` are Apache's own. `keys` are files (name to content) that directives name as `{folder}/…`.
 */
export async function startApache({ port, sites, ca, chain, key, keys = {} }) {
  const folder = await mkdtemp(join(tmpdir(), 'gatewright-apache-'));
  const apache = new Apache(folder, port, sites);
  try {
    await apache.prepare({ ca, chain, key, keys });
    await apache.start();
  } catch (error) {
    await apache.stop();
    throw error;
  }
  return apache;
}

class Apache {
  constructor(folder, port, sites) {
    Object.assign(this, { folder, port, sites });
  }

  /** Its files: those of the test are copied to where its workers, who are not root, can read them. */
  async prepare({ ca, chain, key, keys }) {
    await chmod(this.folder, 0o755);
    for (const name of ['run', 'cache']) {
      await mkdir(join(this.folder, name));
      await chmod(join(this.folder, name), 0o777);
    }
    for (const place of ['app', 'engineers', 'renewed', 'api', 'bye']) {
      await mkdir(join(this.folder, 'pages', place), { recursive: true });
      await writeFile(join(this.folder, 'pages', place, 'index.html'), PAGE);
    }
    await Promise.all([copyFile(ca, join(this.folder, 'ca.pem')), copyFile(chain, join(this.folder, 'chain.pem'))]);
    await copyFile(key, join(this.folder, 'key.pem'));
    for (const [name, text] of Object.entries(keys)) await writeFile(join(this.folder, name), text);
    await writeFile(join(this.folder, 'apache.conf'), this.configuration());
  }

  configuration() {
    const plain = this.sites.map((site) => site.plain).filter(Boolean);
    return `ServerRoot "${this.folder}"
PidFile run/apache.pid
DefaultRuntimeDir run
Mutex file:${this.folder}/run default
ServerName 127.0.0.1
User www-data
Group www-data
ErrorLog run/error.log
LogLevel notice auth_openidc:info
${LOADED.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
TypesConfig /etc/mime.types
DocumentRoot "${this.folder}/pages"
DirectoryIndex index.html
SSLSessionCache none
OIDCCryptoPassphrase for-this-test-alone
OIDCCacheType file
OIDCCacheDir "${this.folder}/cache"
OIDCCABundlePath "${this.folder}/ca.pem"
OIDCSessionType server-cache
<Directory "${this.folder}/pages">
  Require all granted
  Options +Includes
  AddOutputFilter INCLUDES .html
</Directory>
${[this.port, ...plain].map((port) => `Listen 127.0.0.1:${port}`).join('\n')}
${this.sites.map((site) => this.site(site)).join('\n')}`;
  }

  site({ host, plain, directives }) {
    const said = directives.replaceAll('{folder}', this.folder);
    const secure = `SSLEngine on\nSSLCertificateFile "${this.folder}/chain.pem"\nSSLCertificateKeyFile "${this.folder}/key.pem"`;
    const at = (port, more) =>
      `<VirtualHost 127.0.0.1:${port}>\nServerName ${host}\n${more}\n${said}\n</VirtualHost>\n`;
    return at(this.port, secure) + (plain ? at(plain, '') : '');
  }

  async start() {
    const args = ['-f', join(this.folder, 'apache.conf'), '-D', 'FOREGROUND'];
    const tried = await run(PROGRAM, [...args, '-t']);
    if (tried.code !== 0) throw new Error(`Apache refuses its configuration: ${tried.stderr}`);
    this.child = new Child(PROGRAM, args);
    const fails = async (error) => {
      throw new Error(`Apache does not serve; it wrote:\n${this.child.output}\n${await this.log()}`, { cause: error });
    };
    await until('Apache serves', async () => /resuming normal operations/.test(await this.log())).catch(fails);
  }

  /** What it wrote. */
  log() {
    return readFile(join(this.folder, 'run/error.log'), 'utf8');
  }

  async stop() {
    await this.child?.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
