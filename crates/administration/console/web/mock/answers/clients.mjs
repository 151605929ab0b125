// Clients of the authorisation server, and invitations by which they register themselves.

import { DAY, caller, changed, no, paged, stale } from './common.mjs';

const clientOf = (mock, wanted) =>
  mock.clients.find((client) => client.name === wanted) ??
  no(404, 'unknown', `No client is called \`${wanted}\`.`, { help: 'Look at the list of clients.' });

function change(mock, name, version, how) {
  const found = clientOf(mock, name);
  stale(version, found.version);
  Object.assign(found, how(found), { version: found.version + 1 });
  return found;
}

const HOUR_MS = 3_600_000;

/** One for an app, good for a few clients yet; and one for a program, made on the machine itself. */
export const someInvitations = (began) => [
  {
    id: 'i-jvqtomjzgezti',
    app: 'wiki',
    hosts: ['notes.example.com', 'beta.notes.example.com'],
    grants: ['authorization_code', 'refresh_token'],
    scopes: ['openid', 'profile', 'email', 'groups'],
    proof_key_optional: true,
    left: 3,
    made_by: 'olga',
    made_at: began - DAY,
    expires: began + 6 * DAY,
  },
  {
    id: 'i-mfrggzdfmztwq',
    hosts: [],
    grants: ['client_credentials'],
    scopes: ['build:write'],
    proof_key_optional: false,
    left: 1,
    made_by: 'uid 0 on the machine',
    made_at: began - HOUR_MS,
    expires: began + 23 * HOUR_MS,
  },
];

const BY_PEOPLE = ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'];

const wrong = (field, detail) => no(422, 'invalid', detail, { field });

/** Within the bounds that the gateway has. */
function bounded(mock, { app, hosts, grants, uses = 1, lifetime_secs = 86_400 }) {
  if (app !== undefined && !mock.apps.some(({ name }) => name === app))
    no(404, 'unknown', `there is no app \`${app}\``, { field: 'app' });
  if (app === undefined && grants.some((name) => BY_PEOPLE.includes(name)))
    wrong('app', 'it is missing: people sign in through such clients, to an app');
  const other = hosts.find((host) => !/^[a-zA-Z0-9._-]+$/.test(host));
  if (other) wrong('hosts', `\`${other}\` is no host: name it without scheme, port and path`);
  if (hosts.length === 0 && grants.includes('authorization_code'))
    wrong('hosts', 'it is empty: name the hosts that answers may be sent to');
  if (uses < 1 || uses > 100) wrong('uses', 'it is 1 to 100');
  if (lifetime_secs < 1 || lifetime_secs > 30 * 86_400) wrong('lifetime_secs', 'it is up to 30 days');
  return { uses, lifetime_secs };
}

function invite(mock, _query, body) {
  const { uses, lifetime_secs } = bounded(mock, body);
  const now = Date.now();
  const kept = {
    id: `i-${`made${mock.invitations.length}`.padEnd(13, 'a')}`,
    ...(body.app && { app: body.app }),
    hosts: body.hosts.map((host) => host.toLowerCase()),
    grants: body.grants,
    scopes: body.scopes.length ? body.scopes : ['openid', 'profile', 'email', 'groups'],
    proof_key_optional: body.proof_key_optional ?? false,
    left: uses,
    made_by: caller(mock),
    made_at: now,
    expires: now + lifetime_secs * 1000,
  };
  mock.invitations.push(kept);
  const endpoint = 'https://auth.example.com/oauth/register';
  return [201, { id: kept.id, token: 'dG9rZW4tb2YtdGhlLW1vY2stMTIz', endpoint, uses, expires: kept.expires }];
}

function takeBack(mock, _query, _body, { invitation }) {
  const at = mock.invitations.findIndex(({ id }) => id === invitation);
  if (at < 0)
    no(404, 'unknown', `there is no invitation \`${invitation}\``, {
      help: '`gatewright client invitations` shows those that are open',
    });
  mock.invitations.splice(at, 1);
  return changed(mock);
}

function remove(mock, _query, _body, { client }, version) {
  const found = clientOf(mock, client);
  stale(version, found.version);
  if (found.owner !== 'itself')
    no(409, 'conflict', `the client \`${client}\` stands in the configuration file`, {
      help: '`gatewright client suspend` switches it off',
    });
  mock.clients.splice(mock.clients.indexOf(found), 1);
  return changed(mock);
}

export const CLIENTS = [
  ['GET', '/v1/clients', (mock, query) => paged(mock.clients, query)],
  ['POST', '/v1/clients', invite],
  ['GET', '/v1/invitations', (mock, query) => paged(mock.invitations, query)],
  ['DELETE', '/v1/invitations/:invitation', takeBack],
  ['DELETE', '/v1/clients/:client', remove],
  ['GET', '/v1/clients/:client', (mock, _query, _body, { client }) => clientOf(mock, client)],
  [
    'POST',
    '/v1/clients/:client/suspend',
    (mock, _query, _body, { client }, version) =>
      change(mock, client, version, ({ state }) => ({
        suspended: true,
        state: state === 'off' ? 'off' : 'suspended',
      })),
  ],
  [
    'POST',
    '/v1/clients/:client/resume',
    (mock, _query, _body, { client }, version) =>
      change(mock, client, version, ({ state }) => ({ suspended: false, state: state === 'off' ? 'off' : 'on' })),
  ],
  [
    'DELETE',
    '/v1/clients/:client/tokens',
    (mock, _query, _body, { client }, version) => change(mock, client, version, () => ({ tokens_from: Date.now() })),
  ],
];
