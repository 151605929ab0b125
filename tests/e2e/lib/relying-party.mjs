// An app with a sign-in of its own, by OpenID Connect: openid-client, which takes nothing that does not hold to the letter.

import { createServer } from 'node:http';
import { Agent, createServer as createSecureServer } from 'node:https';
import { readFile } from 'node:fs/promises';
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { fetchBy } from './fetch.mjs';

/**
 * Starts the app at `host` and, for what it is told of sessions that ended, over plain HTTP on loopback. `issuer` is where
 * people sign in, `ca` the file of who vouches for it, `chain` and `key` the app's own certificate. `/login?…` begins a
 * sign-in with those parameters beside its own; what it came to is in `arrivals`, and what it is told in `logouts`.
 */
export async function startRelyingParty({ host, port, plain, id, secret, ca, chain, key, issuer }) {
  const agent = new Agent({ ca: await readFile(ca), keepAlive: true });
  const certificate = { cert: await readFile(chain), key: await readFile(key) };
  const app = new RelyingParty({ host, port, plain, id, secret, issuer, agent, certificate });
  await app.start();
  return app;
}

class RelyingParty {
  arrivals = [];
  logouts = [];
  #begun = new Map();

  constructor(parts) {
    Object.assign(this, parts);
    this.origin = `https://${parts.host}:${parts.port}`;
    this.callback = `${this.origin}/callback`;
    this.bye = `${this.origin}/bye`;
    this.fetch = fetchBy(parts.agent);
  }

  async start() {
    const answer = (request, response) => {
      this.#answer(request, response).catch((error) => {
        this.arrivals.push({ error });
        response.writeHead(500).end(String(error));
      });
    };
    this.servers = [createSecureServer(this.certificate, answer), createServer(answer)];
    const ports = [this.port, this.plain];
    await Promise.all(this.servers.map((server, at) => new Promise((done) => server.listen(ports[at], '127.0.0.1', done))));
  }

  async stop() {
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
    this.agent.destroy();
  }

  /** What the issuer says of itself, read once. */
  async config() {
    this.discovered ??= await oidc.discovery(new URL(this.issuer), this.id, this.secret, oidc.ClientSecretBasic(this.secret), {
      [oidc.customFetch]: this.fetch,
    });
    return this.discovered;
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.origin);
    const to = (address) => response.writeHead(303, { location: address }).end();
    const say = (text) => response.writeHead(200, { 'content-type': 'text/html' }).end(`<main>${text}</main>`);
    switch (url.pathname) {
      case '/login':
        return to((await this.begin(Object.fromEntries(url.searchParams))).href);
      case '/callback':
        return say(await this.#finish(request, url));
      case '/logout':
        return to(oidc.buildEndSessionUrl(await this.config(), {
          id_token_hint: this.arrivals.at(-1).tokens.id_token, post_logout_redirect_uri: this.bye, state: 'over',
        }).href);
      case '/backchannel':
        return this.#loggedOut(request, response);
      default:
        return say(`here: ${url.pathname}`);
    }
  }

  /** Begins a sign-in; returns the address where it goes. */
  async begin(more = {}) {
    const config = await this.config();
    const verifier = oidc.randomPKCECodeVerifier();
    const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
    this.#begun.set(state, { verifier, nonce, max_age: more.max_age });
    const pushed = more.pushed !== undefined;
    delete more.pushed;
    const parameters = {
      redirect_uri: this.callback, scope: 'openid profile email', state, nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more,
    };
    return pushed
      ? oidc.buildAuthorizationUrlWithPAR(config, parameters)
      : oidc.buildAuthorizationUrl(config, parameters);
  }

  async #finish(request, url) {
    const config = await this.config();
    const posted = request.method === 'POST' ? await read(request) : undefined;
    const answered = posted === undefined ? url.searchParams : new URLSearchParams(posted);
    const begun = this.#begun.get(answered.get('state'));
    const source = posted === undefined
      ? url
      : new Request(this.callback, {
        method: 'POST', body: posted, headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
    try {
      const tokens = await oidc.authorizationCodeGrant(config, source, {
        pkceCodeVerifier: begun.verifier, expectedState: answered.get('state'), expectedNonce: begun.nonce,
        maxAge: begun.max_age === undefined ? undefined : Number(begun.max_age), idTokenExpected: true,
      });
      const claims = tokens.claims();
      const info = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
      this.arrivals.push({ tokens, claims, info });
      return `Hello ${info.name}`;
    } catch (error) {
      this.arrivals.push({ error });
      return `Not in: ${error.error ?? error.message}`;
    }
  }

  async #loggedOut(request, response) {
    const config = await this.config();
    const token = new URLSearchParams(await read(request)).get('logout_token');
    const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri), { [customFetch]: this.fetch });
    try {
      const { payload } = await jwtVerify(token, keys, { issuer: this.issuer, audience: this.id, typ: 'logout+jwt' });
      this.logouts.push(payload);
      response.writeHead(200).end();
    } catch (error) {
      this.logouts.push({ error });
      response.writeHead(400).end();
    }
  }

  async refresh(token) {
    return oidc.refreshTokenGrant(await this.config(), token);
  }

  async introspect(token) {
    return oidc.tokenIntrospection(await this.config(), token);
  }

  async revoke(token) {
    return oidc.tokenRevocation(await this.config(), token);
  }
}

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
