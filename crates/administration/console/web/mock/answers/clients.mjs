// Clients of the authorisation server.

import { no, paged, stale } from './common.mjs';

const clientOf = (mock, wanted) =>
  mock.clients.find((client) => client.name === wanted) ??
  no(404, 'unknown', `No client is called \`${wanted}\`.`, { help: 'Look at the list of clients.' });

function change(mock, name, version, how) {
  const found = clientOf(mock, name);
  stale(version, found.version);
  Object.assign(found, how(found), { version: found.version + 1 });
  return found;
}

export const CLIENTS = [
  ['GET', '/v1/clients', (mock, query) => paged(mock.clients, query)],
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
