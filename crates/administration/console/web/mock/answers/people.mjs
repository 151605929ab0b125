// People: their groups, factors, links, and what they reach.

import { accessOf, routeNames } from '../organisation.mjs';
import { MINUTE, changeable, changed, groupOf, judged, no, paged, person, stale, withParents } from './common.mjs';

const inFull = (mock, user) => ({ ...user, all_groups: withParents(mock, user) });

function users(mock, query) {
  const [q, group, provider, state] = ['q', 'group', 'provider', 'state'].map((name) => query.get(name)?.toLowerCase());
  const fits = (user) =>
    (!q || `${user.name} ${user.display_name} ${user.email ?? ''}`.toLowerCase().includes(q)) &&
    (!group || withParents(mock, user).includes(group)) &&
    (!provider || user.identities.some((identity) => identity.provider === provider)) &&
    (!state ||
      (state === 'disabled'
        ? user.disabled
        : state === 'active'
          ? !user.disabled
          : !user.factors.some(({ kind }) => kind === 'passkey')));
  return paged(mock.users.filter(fits), query);
}

function personAccess(mock, user) {
  const mine = new Set(withParents(mock, user));
  return mock.apps.flatMap((app) => {
    const rows = accessOf(app, mock.groups);
    return routeNames(app).map((route) => {
      const row = rows.find(
        (candidate) =>
          candidate.route === route && (candidate.who.kind === 'strangers' || mine.has(candidate.who.group)),
      );
      return {
        app: app.name,
        title: app.title,
        host: app.host,
        route,
        access: user.disabled ? 'never' : (row?.access ?? 'never'),
        conditions: row?.conditions ?? [],
        because: row?.because ?? [],
        ways: row ? [] : [`be put into ${rows[0]?.who.group ?? 'a group that a policy names'}`],
      };
    });
  });
}

export const PEOPLE = [
  ['GET', '/v1/users', users],
  [
    'POST',
    '/v1/users',
    (mock, _query, body) => {
      if (!/^[a-z][a-z0-9.-]*$/.test(body.name))
        no(422, 'invalid', `\`${body.name}\` is no name for a person.`, {
          field: 'name',
          help: 'Use lower-case letters, digits, dots and hyphens.',
        });
      if (mock.users.some(({ name }) => name === body.name))
        no(409, 'conflict', `Somebody is called \`${body.name}\` already.`, {
          field: 'name',
          help: 'Choose another name.',
        });
      for (const group of body.groups ?? []) groupOf(mock, group);
      const user = {
        id: `u-new-${body.name}`,
        name: body.name,
        display_name: body.display_name ?? '',
        email: body.email ?? null,
        groups: (body.groups ?? []).map((group) => ({ group })),
        factors: [],
        identities: [],
        disabled: false,
        sessions: 0,
        attributes: {},
        version: 1,
        managed_by: 'administration',
      };
      mock.users.push(user);
      mock.users.sort((a, b) => (a.name < b.name ? -1 : 1));
      return [201, user];
    },
  ],
  ['GET', '/v1/users/:user', (mock, _query, _body, { user }) => inFull(mock, person(mock, user))],
  [
    'PATCH',
    '/v1/users/:user',
    (mock, _query, body, { user }, version) => {
      const found = changeable(mock, person(mock, user));
      stale(version, found.version);
      Object.assign(found, body, { version: found.version + 1 });
      return inFull(mock, found);
    },
  ],
  [
    'DELETE',
    '/v1/users/:user',
    (mock, _query, _body, { user }) => {
      mock.users.splice(mock.users.indexOf(changeable(mock, person(mock, user))), 1);
      return changed(mock);
    },
  ],
  [
    'POST',
    '/v1/users/:user/disable',
    (mock, _query, _body, { user }) => {
      const found = judged(mock, person(mock, user), 'switch off');
      if (found.name === 'ana')
        no(409, 'conflict', 'Nobody could administer Gatewright any more: ana is the only owner.', {
          help: 'Put somebody else into owners first.',
        });
      Object.assign(found, { disabled: true, sessions: 0, version: found.version + 1 });
      return changed(mock);
    },
  ],
  [
    'POST',
    '/v1/users/:user/enable',
    (mock, _query, _body, { user }) => {
      const found = changeable(mock, person(mock, user));
      Object.assign(found, { disabled: false, version: found.version + 1 });
      return changed(mock);
    },
  ],
  [
    'PUT',
    '/v1/users/:user/groups/:group',
    (mock, _query, body, { user, group }) => {
      const found = changeable(mock, person(mock, user));
      groupOf(mock, group);
      found.groups = [...found.groups.filter((m) => m.group !== group), { group, ...body }];
      found.version += 1;
      return changed(mock);
    },
  ],
  [
    'DELETE',
    '/v1/users/:user/groups/:group',
    (mock, _query, _body, { user, group }) => {
      const found = changeable(mock, person(mock, user));
      found.groups = found.groups.filter((m) => m.group !== group);
      found.version += 1;
      return changed(mock);
    },
  ],
  [
    'POST',
    '/v1/users/:user/links',
    (mock, _query, body, { user }) => [
      201,
      {
        url: `https://auth.example.com/link/${changeable(mock, person(mock, user)).name}-c2VjcmV0LW9mLXRoZS1tb2Nr`,
        kind: body.kind,
        expires: Date.now() + 30 * MINUTE,
      },
    ],
  ],
  [
    'DELETE',
    '/v1/users/:user/sessions',
    (mock, _query, _body, { user }) => {
      const found = judged(mock, person(mock, user), 'end sessions of');
      const ended = found.sessions;
      found.sessions = 0;
      return { ended };
    },
  ],
  [
    'DELETE',
    '/v1/users/:user/factors/:factor',
    (mock, _query, _body, { user, factor }) => {
      const found = changeable(mock, person(mock, user));
      found.factors = found.factors.filter(({ id }) => id !== factor);
      return changed(mock);
    },
  ],
  [
    'GET',
    '/v1/users/:user/access',
    (mock, _query, _body, { user }) => ({ items: personAccess(mock, person(mock, user)) }),
  ],
];
