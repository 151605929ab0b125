// Sessions and leases.

import { chance, pick, whole } from '../chance.mjs';
import { routeNames } from '../organisation.mjs';
import { MINUTE, judged, paged, person } from './common.mjs';

function sessionsOf(mock, user) {
  return Array.from({ length: user.sessions }, (_, n) => ({
    id: `s-${user.id.slice(2)}${n}`,
    user: user.name,
    methods: [user.factors.length && n !== 1 ? 'passkey' : 'sign-in-link'],
    started: mock.began - whole(500, 'start', user.id, n) * MINUTE,
    seen: Date.now() - (whole(50, 'seen', user.id, n) * MINUTE) / 4,
    expires: mock.began + (600 + whole(300, 'end', user.id, n)) * MINUTE,
    client: pick(
      ['Firefox on Linux', 'Chrome on Windows', 'Safari on macOS', 'Chrome on Android'],
      'client',
      user.id,
      n,
    ),
    leases: whole(4, 'leases', user.id, n),
  })).filter((session) => !mock.ended.has(session.id));
}

function sessions(mock, query) {
  const wanted = query.get('user');
  const of = wanted ? [person(mock, wanted)] : mock.users.slice(0, 400);
  return paged(
    of.flatMap((user) => sessionsOf(mock, user)),
    query,
  );
}

function allLeases(mock) {
  return Array.from({ length: mock.apps.length && 1284 }, (_, n) => {
    const app = mock.apps[Math.floor(chance('lease-app', n) ** 3 * mock.apps.length)];
    const user =
      n % 31 === 4 ? undefined : mock.users[n % 7 === 0 ? n % 26 : Math.floor(chance('lease-user', n) * 400)];
    const websocket = n % 5 === 0;
    return {
      id: `l-${(n * 104_729).toString(36)}`,
      decision: mock.decisions.at(100 + n).decision,
      ...(user && { user: user.name, session: `s-${user.id.slice(2)}0` }),
      app: app.name,
      route: routeNames(app)[0],
      method: 'GET',
      path: websocket ? '/live' : pick(['/download/archive.zip', '/events', '/video/7'], 'path', n),
      address: `10.0.${n % 250}.${n % 200}`,
      opened: mock.began - whole(7200, 'opened', n) * 1000,
      websocket,
      because: [`${app.name}-for-staff`],
      ...(n % 3 === 0 ? { valid_until: mock.began + 90 * MINUTE } : {}),
    };
  }).filter((lease) => !mock.ended.has(lease.id));
}

function leases(mock, query) {
  const [user, app] = [query.get('user'), query.get('app')];
  if (user) person(mock, user);
  const open = allLeases(mock).filter((lease) => (!user || lease.user === user) && (!app || lease.app === app));
  const items = open.slice(-Number(query.get('limit') ?? 100));
  return { items, total: open.length, incomplete: items.length < open.length };
}

export const OPEN = [
  ['GET', '/v1/sessions', sessions],
  [
    'DELETE',
    '/v1/sessions/:session',
    (mock, _query, _body, { session }) => {
      const whose = mock.users.find(({ id }) => session.startsWith(`s-${id.slice(2)}`));
      if (whose) judged(mock, whose, 'end sessions of');
      mock.ended.add(session);
      return { ended: 1 };
    },
  ],
  ['GET', '/v1/leases', leases],
  [
    'DELETE',
    '/v1/leases/:lease',
    (mock, _query, _body, { lease }) => {
      mock.ended.add(lease);
      return { ended: 1 };
    },
  ],
];
