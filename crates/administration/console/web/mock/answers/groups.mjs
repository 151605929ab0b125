// Groups.

import { changed, groupOf, no, paged, stale } from './common.mjs';

export const GROUPS = [
  ['GET', '/v1/groups', (mock, query) => paged(mock.groups, query)],
  [
    'POST',
    '/v1/groups',
    (mock, _query, body) => {
      if (!/^[a-z][a-z0-9-]*$/.test(body.name))
        no(422, 'invalid', `\`${body.name}\` is no name for a group.`, {
          field: 'name',
          help: 'Use lower-case letters, digits and hyphens.',
        });
      for (const parent of body.parents ?? []) groupOf(mock, parent);
      const group = {
        title: '',
        parents: [],
        ...body,
        members: 0,
        people: 0,
        version: 1,
        managed_by: 'administration',
      };
      mock.groups.push(group);
      return [201, group];
    },
  ],
  ['GET', '/v1/groups/:group', (mock, _query, _body, { group }) => groupOf(mock, group)],
  [
    'PUT',
    '/v1/groups/:group',
    (mock, _query, body, { group }, version) => {
      const found = groupOf(mock, group);
      stale(version, found.version);
      Object.assign(found, body, { version: found.version + 1 });
      return found;
    },
  ],
  [
    'DELETE',
    '/v1/groups/:group',
    (mock, _query, _body, { group }) => {
      mock.groups.splice(mock.groups.indexOf(groupOf(mock, group)), 1);
      return changed(mock);
    },
  ],
];
