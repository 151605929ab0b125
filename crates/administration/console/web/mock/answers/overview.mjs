// Who asks, the overview, the map, one decision.

import { chance } from '../chance.mjs';
import { accessOf, routeNames } from '../organisation.mjs';
import { DAY, MINUTE, caller, groupsOfCaller, no } from './common.mjs';
import { ACTIONS } from './proposals.mjs';

function overview(mock) {
  const now = Date.now();
  const per = mock.decisions.rate;
  const per_second = Array.from({ length: 120 }, (_, n) => {
    const at = (Math.floor(now / 1000) - 119 + n) * 1000;
    const wave = 1 + 0.08 * Math.sin(at / 9000) + 0.06 * (chance('s', at) - 0.5);
    return { at, allow: Math.round(per * 0.96 * wave), deny: Math.round(per * 0.03 * (0.6 + chance('sd', at))) };
  });
  return {
    now,
    epoch: mock.policies.epoch,
    version: '0.1.0',
    started: mock.began - 3 * DAY,
    leases: { open: 1284 - mock.ended.size, people: 312 },
    sessions: { open: 400, people: 312 },
    decisions: { per_second, hour: { allow: 3_412_880, deny: 1037, cut: 41 } },
    refused: mock.quiet
      ? []
      : [
          { app: 'payroll', why: 'crown-jewels-need-a-passkey', times: 412, people: 38, last: now - 4000 },
          { app: 'artifacts-oslo', why: 'nothing permits it', times: 260, people: 3, last: now - 60_000 },
          { app: 'reports', why: 'reports-need-a-fresh-sign-in', times: 122, people: 61, last: now - 30_000 },
          { app: 'grafana-lagos', why: 'nobody has signed in', times: 77, people: 0, last: now - 12_000 },
          { app: 'wiki', why: 'nothing permits it', times: 9, people: 9, last: now - 400_000 },
        ],
    window_since: now - 24 * MINUTE,
    attention: mock.quiet
      ? []
      : [
          {
            id: 'config-refused',
            level: 'fault',
            what: 'The configuration file as it stands is refused.',
            help: 'The apps of before stay in force. Line 41: `upstrem` is no key of an app.',
            link: '/apps',
          },
          {
            id: 'upstream',
            level: 'warning',
            what: 'One of two servers of Grafana Lagos does not answer.',
            help: 'The other takes all requests since 12 minutes.',
            link: '/apps/grafana-lagos',
          },
        ],
    counts: {
      users: mock.users.length,
      groups: mock.groups.length,
      apps: mock.apps.length,
      policies: mock.policies.all().length,
    },
  };
}

function map(mock, query) {
  const q = (query.get('q') ?? '').toLowerCase().trim();
  const edges = mock.apps.flatMap((app) =>
    accessOf(app, mock.groups).map((row) => ({
      group: row.who.kind === 'group' ? row.who.group : null,
      route: row.route,
      app: app.name,
      access: row.access,
      people: row.who.people ?? 0,
      conditions: row.conditions,
      because: row.because,
    })),
  );
  const tags = new Map(mock.apps.map((app) => [app.name, app.tags.map((tag) => `tag:${tag}`).join(' ')]));
  const wanted = edges.filter(
    (edge) =>
      !q ||
      `${edge.group ?? 'strangers'} ${edge.app} ${edge.route} ${tags.get(edge.app)} ${edge.conditions.join(' ')}`
        .toLowerCase()
        .includes(q),
  );
  const groups = new Set(wanted.map(({ group }) => group));
  const apps = new Set(wanted.map(({ app }) => app));
  return {
    groups: mock.groups
      .filter(({ name }) => groups.has(name))
      .map(({ name, title, people }) => ({ name, title, people })),
    apps: mock.apps
      .filter(({ name }) => apps.has(name))
      .map((app) => ({
        name: app.name,
        title: app.title,
        people: Math.max(0, ...accessOf(app, mock.groups).map(({ who }) => who.people ?? 0)),
        routes: routeNames(app).map((name) => ({
          name,
          label: app.routes.find((route) => name === `${app.name}/${route.name}`)?.paths[0] ?? 'the rest',
        })),
      })),
    edges: wanted,
    incomplete: false,
  };
}

const ALL = [
  'admin.read',
  'admin.user.add',
  'admin.user.change',
  'admin.user.link',
  'admin.session.end',
  'admin.app.change',
  'admin.provider.suspend',
  'admin.provider.change',
  'admin.client.suspend',
  'admin.client.change',
  'admin.policy.apply',
  'admin.explain',
  'admin.log.read',
  'admin.key.rotate',
];

const HELPS = ['admin.read', 'admin.user.change', 'admin.user.link', 'admin.session.end'];

function may(mock, name) {
  if (mock.twoPeople && ACTIONS.includes(name)) return false;
  if (mock.auditor) return name === 'admin.read';
  return !mock.helpdesk || HELPS.includes(name);
}

const called = (mock) => ({ name: caller(mock), display_name: `${capital(caller(mock))} Ruiz` });

const capital = (name) => name.charAt(0).toUpperCase() + name.slice(1);

export const OVERVIEW = [
  [
    'GET',
    '/v1/me',
    (mock) => ({
      kind: 'person',
      ...called(mock),
      may: Object.fromEntries(ALL.map((name) => [name, may(mock, name)])),
      may_propose: mock.auditor || mock.helpdesk ? [] : ACTIONS,
      groups: groupsOfCaller(mock),
      portal: 'https://portal.example.com/',
      sign_out: 'https://auth.example.com/sign-out',
    }),
  ],
  ['GET', '/v1/overview', overview],
  ['GET', '/v1/map', map],
  [
    'GET',
    '/v1/decisions/:decision',
    (mock, _query, _body, { decision }) =>
      mock.decisions.inFull(decision) ??
      no(404, 'unknown', `The recent records hold no decision \`${decision}\`.`, {
        help: 'They reach back a while only. Older ones are in the ledger: gatewright log show.',
      }),
  ],
];
