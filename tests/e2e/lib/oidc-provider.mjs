// A certified OpenID provider, in this process, as the organisation's own: people sign in on its pages by any password.

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

/** Tells Gatewright something over TLS, as a server that believes its authority does. */
function tell(url, { method, headers, body }, ca) {
  return new Promise((resolve, reject) => {
    const options = { method, headers: Object.fromEntries(new Headers(headers)), ca: readFileSync(ca) };
    const lookup = (_host, { all }, done) => (all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4));
    const asked = request(url, { ...options, lookup }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(new Response(null, { status: answer.statusCode })));
    });
    asked.on('error', reject);
    asked.end(body?.toString());
  });
}

/**
 * Starts a provider that knows `people` (`{ name: { groups, email, ... } }`, further claims as they are). Its one
 * client is Gatewright, which comes back to `callback` and is told of logouts at `logout`.
 */
export async function startProvider({ people, callback, logout, ca }) {
  const [port] = await freePorts(1);
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'gatewright',
      client_secret: SECRET,
      redirect_uris: [callback],
      backchannel_logout_uri: logout,
      backchannel_logout_session_required: true,
    }],
    jwks: { keys: [key('first')] },
    cookies: { keys: ['test-only'] },
    claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups'], email: ['email', 'email_verified'], acr: null, amr: null },
    acrValues: ['pwd', 'mfa'],
    features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
    pkce: { required: () => true },
    findAccount: (_context, id) => people[id] && {
      accountId: id,
      claims: () => ({ sub: `sub-${id}`, preferred_username: id, name: id, email: `${id}@corp.test`, email_verified: true, ...people[id] }),
    },
    fetch: (url, options) => tell(new URL(url), options, ca),
  });
  const errors = [];
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
    provider,
    stop: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}
