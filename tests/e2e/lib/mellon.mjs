// An app behind Apache with mod_auth_mellon, as Debian has them, in a folder of its own: the system's configuration is not touched.

import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.mjs';
import { makeKey } from './service-provider.mjs';
import { until } from './until.mjs';

const APACHE = '/usr/sbin/apache2';
const MODULES = '/usr/lib/apache2/modules';

export const isInstalled = existsSync(APACHE) && existsSync(join(MODULES, 'mod_auth_mellon.so'));

/** Declares it at `port`, with its metadata at `to`. */
export async function declareMellon({ port, to }) {
  const folder = await mkdtemp(join(tmpdir(), 'gatewright-mellon-'));
  const origin = `http://127.0.0.1:${port}`;
  const { certificate } = await makeKey(folder, 'sp');
  const base64 = certificate.replace(/-----[^-]+-----|\s/g, '');
  const key = (use) => `<KeyDescriptor use="${use}"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
    <ds:X509Certificate>${base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>`;
  await writeFile(to, `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${origin}/mellon/metadata">
  <SPSSODescriptor AuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    ${key('signing')}${key('encryption')}
    <SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${origin}/mellon/logout"/>
    <AssertionConsumerService index="0" isDefault="true"
      Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${origin}/mellon/postResponse"/>
  </SPSSODescriptor>
</EntityDescriptor>`);
  return new Mellon({ folder, origin, port });
}

class Mellon {
  constructor(parts) {
    Object.assign(this, parts);
  }

  /** Once Gatewright's metadata is known. */
  async start(metadata) {
    const inside = (name) => join(this.folder, name);
    for (const name of ['run', 'logs', 'htdocs/app']) await mkdir(inside(name), { recursive: true });
    await writeFile(inside('idp.xml'), metadata);
    await writeFile(inside('htdocs/app/index.html'), 'user=<!--#echo var="REMOTE_USER" --> uid=<!--#echo var="MELLON_uid" -->');
    await writeFile(inside('htdocs/bye.html'), 'Signed out at mellon');
    await writeFile(inside('httpd.conf'), this.#configuration());
    // What serves is not root, and this is a test's key.
    await chmod(this.folder, 0o755);
    for (const name of ['sp.key', 'run', 'logs']) await chmod(inside(name), name === 'sp.key' ? 0o644 : 0o777);
    // Apache stops its whole group of processes: one of its own.
    this.child = new Child(APACHE, ['-f', inside('httpd.conf'), '-D', 'FOREGROUND'], { detached: true });
    await until('Apache answers', () => fetch(`${this.origin}/bye.html`).then((answer) => answer.ok, () => false));
  }

  #configuration() {
    const modules = {
      mpm_prefork: 'mpm_prefork', authn_core: 'authn_core', authz_core: 'authz_core', authz_user: 'authz_user', dir: 'dir', mime: 'mime',
      include: 'include', auth_mellon: 'auth_mellon',
    };
    const load = Object.entries(modules).map(([name, file]) => `LoadModule ${name}_module ${MODULES}/mod_${file}.so`);
    return `ServerRoot ${this.folder}
PidFile run/httpd.pid
DefaultRuntimeDir run
Mutex file:${this.folder}/run default
Listen 127.0.0.1:${this.port}
ServerName ${this.origin}
UseCanonicalName On
User www-data
Group www-data
StartServers 1
ErrorLog logs/error.log
${load.join('\n')}
TypesConfig /etc/mime.types
DocumentRoot ${this.folder}/htdocs
DirectoryIndex index.html
<Directory ${this.folder}/htdocs>
  Require all granted
</Directory>
<Location />
  MellonEnable info
  MellonEndpointPath /mellon
  MellonSPentityId ${this.origin}/mellon/metadata
  MellonSPPrivateKeyFile ${this.folder}/sp.key
  MellonSPCertFile ${this.folder}/sp.crt
  MellonIdPMetadataFile ${this.folder}/idp.xml
  # Its cookie comes along with what Gatewright's page posts.
  MellonSecureCookie On
  MellonCookieSameSite None
  MellonUser NAME_ID
  MellonMergeEnvVars On ";"
</Location>
<Location /app>
  AuthType Mellon
  MellonEnable auth
  Require valid-user
  MellonCond groups staff [MAP]
  Options +Includes
  AddOutputFilter INCLUDES .html
</Location>
`;
  }

  async stop() {
    await this.child?.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
