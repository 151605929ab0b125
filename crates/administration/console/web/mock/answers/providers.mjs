// Providers of identities, and who people are there.

import { changeable, changed, no, paged, person, stale } from './common.mjs';

const providerOf = (mock, wanted) =>
  mock.providers.find((provider) => provider.name === wanted) ??
  no(404, 'unknown', `No provider is called \`${wanted}\`.`, { help: 'Look at the list of providers.' });

const knownAt = (mock, name) => mock.users.filter((user) => user.identities.some(({ provider }) => provider === name));

const shown = (mock, provider) => ({ ...provider, linked: knownAt(mock, provider.name).length });

function change(mock, name, version, how) {
  const found = providerOf(mock, name);
  stale(version, found.version);
  Object.assign(found, how(found), { version: found.version + 1 });
  return shown(mock, found);
}

const directoryOf = (mock, wanted) =>
  mock.directories.find((directory) => directory.name === wanted) ??
  no(404, 'unknown', `No directory is called \`${wanted}\`.`, { help: 'Look at the list of directories.' });

export const PROVIDERS = [
  ['GET', '/v1/directories', (mock, query) => paged(mock.directories, query)],
  ['GET', '/v1/directories/:directory', (mock, _query, _body, { directory }) => directoryOf(mock, directory)],
  ['POST', '/v1/directories/:directory/read', (mock, _query, _body, { directory }) => directoryOf(mock, directory)],
  [
    'POST',
    '/v1/directories/:directory/allow',
    (mock, _query, body, { directory }) => {
      const found = directoryOf(mock, directory);
      const needs = found.trouble?.needs;
      if (!needs) no(409, 'conflict', `The directory \`${directory}\` waits for nobody.`);
      if (needs.digest !== body.digest) no(409, 'conflict', 'What waits by now is not what was shown.');
      found.trouble = undefined;
      return found;
    },
  ],
  [
    'GET',
    '/v1/providers',
    (mock, query) =>
      paged(
        mock.providers.map((provider) => shown(mock, provider)),
        query,
      ),
  ],
  ['GET', '/v1/providers/:provider', (mock, _query, _body, { provider }) => shown(mock, providerOf(mock, provider))],
  [
    'POST',
    '/v1/providers/:provider/suspend',
    (mock, _query, _body, { provider }, version) =>
      change(mock, provider, version, ({ state }) => ({
        suspended: true,
        sessions: 0,
        state: state === 'off' ? 'off' : 'suspended',
      })),
  ],
  [
    'POST',
    '/v1/providers/:provider/resume',
    (mock, _query, _body, { provider }, version) =>
      change(mock, provider, version, ({ state }) => ({
        suspended: false,
        state: state === 'off' ? 'off' : 'declared',
      })),
  ],
  [
    'DELETE',
    '/v1/providers/:provider',
    (mock, _query, _body, { provider }, version) => {
      const found = providerOf(mock, provider);
      stale(version, found.version);
      if (found.configured)
        no(409, 'conflict', `The provider \`${provider}\` stands in the configuration file.`, {
          help: 'Take it out there first.',
        });
      const known = knownAt(mock, provider);
      for (const user of known) user.identities = user.identities.filter((identity) => identity.provider !== provider);
      mock.providers.splice(mock.providers.indexOf(found), 1);
      return { ...changed(mock), unlinked: known.length };
    },
  ],
  [
    'PUT',
    '/v1/users/:user/identities/:provider',
    (mock, _query, body, { user, provider }, version) => {
      const found = changeable(mock, person(mock, user));
      stale(version, found.version);
      providerOf(mock, provider);
      const other = mock.users.find((one) =>
        one.identities.some((known) => known.provider === provider && known.subject === body.subject),
      );
      if (other && other !== found)
        no(
          409,
          'conflict',
          `\`${body.subject}\` of the provider \`${provider}\` is the user \`${other.name}\` already`,
        );
      found.identities = [
        ...found.identities.filter((identity) => identity.provider !== provider),
        { provider, subject: body.subject },
      ];
      found.version += 1;
      return changed(mock);
    },
  ],
  [
    'DELETE',
    '/v1/users/:user/identities/:provider',
    (mock, _query, _body, { user, provider }) => {
      const found = changeable(mock, person(mock, user));
      found.identities = found.identities.filter((identity) => identity.provider !== provider);
      found.groups = found.groups.filter(({ by }) => by !== provider);
      found.version += 1;
      return changed(mock);
    },
  ],
];
