// An app that speaks SAML: node-saml, which takes no answer that does not hold to the letter.

import { createServer } from 'node:http';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SAML, ValidateInResponseTo } from '@node-saml/node-saml';
import { run } from './child.mjs';

/** Makes `NAME.key` and `NAME.crt` in a folder; returns their texts. */
export async function makeKey(folder, name) {
  const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  const made = await run('openssl', [
    'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-keyout', key, '-out', certificate,
  ]);
  if (made.code !== 0) throw new Error(made.stderr);
  return { key: await readFile(key, 'utf8'), certificate: await readFile(certificate, 'utf8') };
}

/**
 * Declares the app `name` at `port` on loopback: its metadata is `NAME.xml` in `folder`. `own` is what its requests
 * are like, `logout` by which binding logout messages come to it.
 * `/login` begins a sign-in; what it came to is in `arrivals`, and what is said of logouts in `logouts`.
 */
export async function declareProvider({ folder, name, port, own = {}, decrypts = false, logout = 'HTTP-POST' }) {
  const origin = `http://127.0.0.1:${port}`;
  const signing = await makeKey(folder, `${name}-signing`);
  const encryption = decrypts ? await makeKey(folder, `${name}-encryption`) : undefined;
  const options = {
    issuer: `${origin}/metadata`, callbackUrl: `${origin}/acs`, logoutCallbackUrl: `${origin}/slo`,
    privateKey: signing.key, decryptionPvk: encryption?.key, signatureAlgorithm: 'sha256', digestAlgorithm: 'sha256',
    wantAssertionsSigned: true, wantAuthnResponseSigned: true, validateInResponseTo: ValidateInResponseTo.always,
    identifierFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', disableRequestedAuthnContext: true,
    acceptedClockSkewMs: 0, idpCert: 'not known yet', ...own,
  };
  const metadata = new SAML(options).generateServiceProviderMetadata(encryption?.certificate ?? null, signing.certificate);
  await writeFile(join(folder, `${name}.xml`), metadata.replace(/(<SingleLogoutService Binding="[^"]*:)HTTP-POST/, `$1${logout}`));
  return new ServiceProvider({ name, port, origin, options });
}

class ServiceProvider {
  arrivals = [];
  logouts = [];

  constructor(parts) {
    Object.assign(this, parts);
  }

  /** It is told Gatewright's metadata, with each certificate that is in it. */
  learn(metadata) {
    const certificates = [...metadata.matchAll(/<ds:X509Certificate>([^<]+)</g)].map(([, certificate]) => certificate);
    const location = (service) => new RegExp(`<md:${service} [^>]*Location="([^"]+)"`).exec(metadata)[1];
    const [, entity] = /entityID="([^"]+)"/.exec(metadata);
    Object.assign(this.options, {
      idpCert: certificates, entryPoint: location('SingleSignOnService'), logoutUrl: location('SingleLogoutService'), idpIssuer: entity,
      audience: this.options.issuer,
    });
    this.saml = new SAML(this.options);
  }

  /** Once Gatewright's metadata is known. */
  async start(metadata) {
    this.learn(metadata);
    this.server = createServer((request, response) => {
      this.#answer(request, response).catch((error) => {
        this.arrivals.push({ error });
        response.writeHead(200, { 'content-type': 'text/html' }).end(`<main>Not in: ${error.message}</main>`);
      });
    });
    await new Promise((done) => this.server.listen(this.port, '127.0.0.1', done));
  }

  async stop() {
    this.server?.closeAllConnections();
    if (this.server) await new Promise((done) => this.server.close(done));
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.origin);
    const to = (address) => response.writeHead(302, { location: address }).end();
    const say = (text) => response.writeHead(200, { 'content-type': 'text/html' }).end(`<main>${text}</main>`);
    switch (url.pathname) {
      case '/login':
        return to(await this.begin(JSON.parse(url.searchParams.get('asks') ?? '{}')));
      case '/login-by-form':
        return response.writeHead(200, { 'content-type': 'text/html' }).end(await this.byForm());
      case '/acs':
        return say(await this.take(await form(request)));
      case '/logout':
        return to(await this.saml.getLogoutUrlAsync(this.arrivals.at(-1).profile, 'bye', {}));
      case '/slo':
        return this.#heard(request, url, to, say);
      default:
        return say(`here: ${url.pathname}`);
    }
  }

  /** The address at which a sign-in begins, asked in another way than usual. */
  begin(more = {}) {
    const saml = Object.keys(more).length === 0 ? this.saml : this.like(more);
    // Without spaces: node-saml signs them in another form than it sends them in.
    return saml.getAuthorizeUrlAsync('place<"&>', undefined, {});
  }

  /** A page whose form begins one. */
  byForm() {
    const way = { authnRequestBinding: 'HTTP-POST', skipRequestCompression: true };
    return this.like(way).getAuthorizeFormAsync('by form');
  }

  /** The same app, which asks otherwise. */
  like(more) {
    return new SAML({ ...this.options, cacheProvider: this.saml.cacheProvider, ...more });
  }

  /** Takes an answer, if it holds. */
  async take(fields) {
    const { profile } = await this.saml.validatePostResponseAsync(fields);
    // It takes `NoPassive` for no fault.
    if (profile === null) return 'Nobody, without asking';
    this.arrivals.push({ profile, relayState: fields.RelayState, answer: fields.SAMLResponse });
    return `Hello ${profile.uid ?? profile.nameID}`;
  }

  async #heard(request, url, to, say) {
    const fields = request.method === 'POST' ? await form(request) : Object.fromEntries(url.searchParams);
    const asked = 'SAMLRequest' in fields;
    const said = request.method === 'POST'
      ? await (asked ? this.saml.validatePostRequestAsync(fields) : this.saml.validatePostResponseAsync(fields))
      : await this.saml.validateRedirectAsync(fields, url.search.slice(1));
    this.logouts.push(said);
    if (!asked) return say('Signed out everywhere');
    return to(await this.saml.getLogoutResponseUrlAsync(said.profile, fields.RelayState ?? '', {}, true));
  }
}

async function form(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
}
