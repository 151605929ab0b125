// Keys, settings, the clock, declared state.

import { compared } from '../policies.mjs';
import { DAY, changed, no } from './common.mjs';

const keys = (mock) =>
  ['assertion', 'hand-over', 'session', 'ledger'].flatMap((purpose, n) => [
    {
      kid: `k-${purpose.slice(0, 3)}-${n}b`,
      purpose,
      published_at: mock.began - 30 * DAY,
      active_from: mock.began - 29 * DAY,
    },
    ...(n < 2
      ? [
          {
            kid: `k-${purpose.slice(0, 3)}-${n}a`,
            purpose,
            published_at: mock.began - 120 * DAY,
            active_from: mock.began - 119 * DAY,
            replaced_at: mock.began - 29 * DAY,
          },
        ]
      : []),
  ]);

const UNDECLARED = [
  { action: 'remove', kind: 'user', name: 'ana' },
  { action: 'remove', kind: 'group', name: 'oncall' },
];

/** A reading of the files that is good enough to try the page on: names alone, of what is new. */
function planned(mock, { files, prune = false }) {
  const wrong = files.filter(({ text }) => /^colour =/m.test(text));
  const policies = files.filter(({ name }) => name.endsWith('.cedar'));
  const comparison = compared(
    mock.policies.files,
    policies.length ? policies : mock.policies.files,
    mock.policies.version,
    mock.groups,
  );
  const named = files.flatMap(({ text }) =>
    [...text.matchAll(/\[\[(user|group|app)\]\]\s+name = "([^"]+)"/g)].map(([, kind, name]) => ({
      action: 'add',
      kind,
      name,
    })),
  );
  const kept = comparison.files_changed.map((name) => ({ action: 'change', kind: 'policies', name }));
  const changes = wrong.length || mock.declared ? [] : [...named, ...kept, ...(prune ? UNDECLARED : [])];
  return {
    over: `p-${mock.policies.version}-${changes.length}`,
    faults: wrong.map(({ name }) => `${name}:1: unknown field \`colour\``),
    changes,
    undeclared: prune ? [] : UNDECLARED,
    comparison,
  };
}

const sealedAt = (mock, id) =>
  mock.breakGlass.find((entry) => entry.id === id) ?? no(404, 'unknown', `There is no sealed way in \`${id}\`.`);

const unsealed = (mock, id) => {
  mock.breakGlass.splice(mock.breakGlass.indexOf(sealedAt(mock, id)), 1);
  return changed(mock);
};

export const SETTINGS = [
  ['GET', '/v1/break-glass', (mock) => ({ items: mock.breakGlass, total: mock.breakGlass.length })],
  [
    'POST',
    '/v1/break-glass',
    (mock, _query, { label }) => {
      if (!label.trim()) no(422, 'invalid', 'Say where it will be kept.', { field: 'label' });
      const id = `b-${mock.breakGlass.length}`;
      mock.breakGlass.push({ id, label, made_by: 'olga', made_at: Date.now(), opens: true });
      const code = 'hk7m-x2pq-9rtn-wc4d-y3sj-8vfe-mz6b-q5ga';
      return [201, { id, url: 'https://auth.example.com/break-glass', code, opens: true }];
    },
  ],
  ['DELETE', '/v1/break-glass/:entry', (mock, _query, _body, { entry }) => unsealed(mock, entry)],
  ['POST', '/v1/break-glass/:entry/acknowledge', (mock, _query, _body, { entry }) => unsealed(mock, entry)],
  ['GET', '/v1/keys', (mock) => ({ items: keys(mock) })],
  ['POST', '/v1/keys/:purpose/rotate', changed],
  [
    'GET',
    '/v1/settings',
    () => ({
      time_zone: 'Europe/Madrid',
      networks: [
        { name: 'office', prefixes: ['10.0.0.0/8', '2001:db8:41::/48'] },
        { name: 'datacentre', prefixes: ['192.0.2.0/24'] },
      ],
      managed_by: 'configuration',
      file: '/etc/gatewright/gatewright.toml',
      version: 7,
    }),
  ],
  [
    'GET',
    '/v1/clock',
    (mock) => ({
      now: Date.now(),
      ...(mock.quiet || mock.confirmed ? {} : { fault: 'The clock jumped 41 minutes ahead at the last start.' }),
    }),
  ],
  [
    'POST',
    '/v1/clock/confirm',
    (mock) => {
      mock.confirmed = true;
      return changed(mock);
    },
  ],
  [
    'GET',
    '/v1/declared/drift',
    (mock) =>
      mock.quiet
        ? { declared: false, changes: [], undeclared: [] }
        : {
            declared: true,
            changes: mock.declared
              ? []
              : [
                  { action: 'change', kind: 'user', name: 'bo', fields: ['groups', 'email'] },
                  { action: 'add', kind: 'app', name: 'status' },
                  { action: 'remove', kind: 'policies', name: 'old.cedar' },
                ],
            undeclared: UNDECLARED,
          },
  ],
  ['POST', '/v1/declared/plan', (mock, _query, body) => planned(mock, body)],
  [
    'POST',
    '/v1/declared/apply',
    (mock, _query, body) => {
      const plan = planned(mock, body);
      if (plan.faults.length)
        no(422, 'invalid', 'The files have faults; nothing was applied.', { field: 'files', faults: plan.faults });
      if (body.over !== undefined && body.over !== plan.over)
        no(412, 'stale', 'Somebody else changed something since this was planned.', {
          help: 'Look at the plan again.',
        });
      mock.declared = true;
      const policies = body.files.filter(({ name }) => name.endsWith('.cedar'));
      if (policies.length) mock.policies.save(policies);
      return { ...changed(mock), changes: plan.changes.length };
    },
  ],
  ['GET', '/v1/declared/export', (mock) => ({ files: mock.policies.files })],
];
