// A certified OpenID provider, in this process, as the organisation's own: people sign in on its page by their name.

import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { Provider } from 'oidc-provider';
import { freePorts } from './ports.mjs';

const SECRET = 'one-secret-of-32-characters-or-so';

function key(kid) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid };
}

const FORM = '<!doctype html><html lang="en"><title>Corp</title><h1>Corp</h1><form method="post"><label>Name <input name="login"></label><button type="submit">Sign in</button></form>';

/** Who signs in, by the form that was sent. */
async function submitted(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return new URLSearchParams(Buffer.concat(parts).toString()).get('login');
}

/** Nobody is asked whether Gatewright may know them. */
async function granted(provider, { oidc }) {
  const grant = new provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope('openid profile email');
  await grant.save();
  return grant;
}

/** A key set with one public key, whose private one nobody has. */
export function strangersKeys() {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { keys: [{ ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'stranger' }] };
}

/** Asks or tells Gatewright something over TLS, as a server that believes its authority does. */
function tell(url, { method, headers, body }, ca) {
  return new Promise((resolve, reject) => {
    const options = { method, headers: Object.fromEntries(new Headers(headers)), ca: readFileSync(ca) };
    const lookup = (_host, { all }, done) => (all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4));
    const asked = request(url, { ...options, lookup }, async (answer) => {
      const parts = [];
      for await (const part of answer) parts.push(part);
      const body = parts.length > 0 ? Buffer.concat(parts) : null;
      resolve(new Response(body, { status: answer.statusCode }));
    });
    asked.on('error', reject);
    asked.end(body?.toString());
  });
}

/**
 * Starts a provider that knows `people` (`{ name: { groups, email, ... } }`, further claims as they are). Its one
 * client is Gatewright, which comes back to `callback` and is told of logouts at `logout`; `shown` is how it shows who
 * it is.
 */
export async function startProvider({ people, callback, logout, ca, shown = { client_secret: SECRET } }) {
  const [port] = await freePorts(1);
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'gatewright',
      ...shown,
      redirect_uris: [callback],
      backchannel_logout_uri: logout,
      backchannel_logout_session_required: true,
    }],
    jwks: { keys: [key('first')] },
    cookies: { keys: ['test-only'] },
    claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups'], email: ['email', 'email_verified'], acr: null, amr: null },
    acrValues: ['pwd', 'mfa'],
    features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    loadExistingGrant: (context) => granted(provider, context),
    pkce: { required: () => true },
    findAccount: (_context, id) => people[id] && {
      accountId: id,
      claims: () => ({ sub: `sub-${id}`, preferred_username: id, name: id, email: `${id}@corp.test`, email_verified: true, ...people[id] }),
    },
    fetch: (url, options) => tell(new URL(url), options, ca),
  });
  const [errors, asked] = [[], []];
  provider.use(async (context, next) => {
    if (context.path === '/auth') asked.push({ ...context.query });
    if (!context.path.startsWith('/interaction/')) return next();
    if (context.method === 'GET') {
      context.type = 'html';
      context.body = FORM;
      return;
    }
    const login = await submitted(context.req);
    const factors = people[login]?.factors ?? 1;
    const result = { login: { accountId: login, acr: factors > 1 ? 'mfa' : 'pwd', amr: factors > 1 ? ['pwd', 'otp'] : ['pwd'] } };
    context.respond = false;
    await provider.interactionFinished(context.req, context.res, result);
  });
  provider.on('backchannel.error', (_context, error) => errors.push(`backchannel: ${error.message} ${error.cause?.message}`));
  provider.on('server_error', (_context, error) => errors.push(String(error)));
  provider.on('grant.error', (_context, error) => errors.push(`grant: ${error.message} ${error.error_description}`));
  const server = await new Promise((resolve) => {
    const listening = provider.listen(port, '127.0.0.1', () => resolve(listening));
  });
  return {
    issuer,
    secret: SECRET,
    errors,
    asked,
    provider,
    stop: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}
