// Keys, settings, the clock, declared state.

import { DAY, changed } from './common.mjs';

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

export const SETTINGS = [
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
        ? { declared: false, changes: [] }
        : {
            declared: true,
            at: mock.began - 2 * DAY,
            by: 'uid 0 on the machine',
            changes: [
              { action: 'change', kind: 'user', name: 'bo', fields: ['groups', 'email'] },
              { action: 'add', kind: 'app', name: 'status' },
              { action: 'remove', kind: 'policy-file', name: 'old.cedar' },
            ],
          },
  ],
  ['GET', '/v1/declared/export', (mock) => ({ files: mock.policies.files })],
];
