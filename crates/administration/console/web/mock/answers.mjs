// What the API answers, over the generated organisation. `no(...)` is a problem document.

import { chance, pick, whole } from './chance.mjs';
import { accessOf, routeNames } from './organisation.mjs';
import { checked, compared } from './policies.mjs';

const MINUTE = 60_000;
const DAY = 86_400_000;

export class Refusal extends Error {
  constructor(status, type, detail, more = {}) {
    super(detail);
    this.status = status;
    this.document = { type, title: type, status, detail, ...more };
  }
}

const no = (status, type, detail, more) => {
  throw new Refusal(status, type, detail, more);
};

const stale = (wanted, version) => {
  if (wanted !== undefined && wanted !== version) no(412, 'stale', 'Somebody else changed this since you read it.', { help: 'Load it again, look at what changed, then do it again.' });
};

function paged(items, query, most = 100) {
  const limit = Math.min(1000, Number(query.get('limit') ?? most));
  const from = Number(query.get('after') ?? 0);
  const next = from + limit;
  return { items: items.slice(from, next), total: items.length, ...(next < items.length && { next: String(next) }) };
}

const person = (mock, wanted) => mock.users.find((user) => user.name === wanted || user.id === wanted) ?? no(404, 'unknown', `Nobody is called \`${wanted}\`.`, { help: 'Search the people by another name.' });
const appOf = (mock, wanted) => mock.apps.find((app) => app.name === wanted) ?? no(404, 'unknown', `No app is called \`${wanted}\`.`);
const groupOf = (mock, wanted) => mock.groups.find((group) => group.name === wanted) ?? no(404, 'unknown', `No group is called \`${wanted}\`.`);

function withParents(mock, user) {
  const names = new Set(user.groups.map(({ group }) => group));
  for (const name of [...names]) for (const parent of mock.groups.find((group) => group.name === name)?.parents ?? []) names.add(parent);
  return [...names].sort();
}

const inFull = (mock, user) => ({ ...user, all_groups: withParents(mock, user) });

function users(mock, query) {
  const [q, group, state] = ['q', 'group', 'state'].map((name) => query.get(name)?.toLowerCase());
  const fits = (user) =>
    (!q || `${user.name} ${user.display_name} ${user.email ?? ''}`.toLowerCase().includes(q)) &&
    (!group || user.groups.some((membership) => membership.group.toLowerCase() === group)) &&
    (!state || (state === 'disabled' ? user.disabled : state === 'active' ? !user.disabled : !user.factors.some(({ kind }) => kind === 'passkey')));
  return paged(mock.users.filter(fits), query);
}

function sessionsOf(mock, user) {
  return Array.from({ length: user.sessions }, (_, n) => ({
    id: `s-${user.id.slice(2)}${n}`, user: user.name, methods: [user.factors.length && n !== 1 ? 'passkey' : 'sign-in-link'],
    started: mock.began - whole(500, 'start', user.id, n) * MINUTE, seen: Date.now() - whole(50, 'seen', user.id, n) * MINUTE / 4,
    expires: mock.began + (600 + whole(300, 'end', user.id, n)) * MINUTE, client: pick(['Firefox on Linux', 'Chrome on Windows', 'Safari on macOS', 'Chrome on Android'], 'client', user.id, n),
    leases: whole(4, 'leases', user.id, n),
  })).filter((session) => !mock.ended.has(session.id));
}

function sessions(mock, query) {
  const wanted = query.get('user');
  const of = wanted ? mock.users.filter(({ name, id }) => name === wanted || id === wanted) : mock.users.slice(0, 400);
  return paged(of.flatMap((user) => sessionsOf(mock, user)), query);
}

function allLeases(mock) {
  return Array.from({ length: 1284 }, (_, n) => {
    const app = mock.apps[Math.floor(chance('lease-app', n) ** 3 * mock.apps.length)];
    const user = n % 31 === 4 ? undefined : mock.users[n % 7 === 0 ? n % 26 : Math.floor(chance('lease-user', n) * 400)];
    const websocket = n % 5 === 0;
    return {
      id: `l-${(n * 104_729).toString(36)}`, decision: mock.decisions.at(100 + n).decision, user: user?.name ?? null, session: user ? `s-${user.id.slice(2)}0` : null,
      app: app.name, route: routeNames(app)[0], method: 'GET', path: websocket ? '/live' : pick(['/download/archive.zip', '/events', '/video/7'], 'path', n), address: `10.0.${n % 250}.${n % 200}`,
      opened: mock.began - whole(7200, 'opened', n) * 1000, websocket, because: [`${app.name}-for-staff`], ...(n % 3 === 0 ? { valid_until: mock.began + 90 * MINUTE } : {}),
    };
  }).filter((lease) => !mock.ended.has(lease.id));
}

function leases(mock, query) {
  const [user, app] = [query.get('user'), query.get('app')];
  return paged(allLeases(mock).filter((lease) => (!user || lease.user === user) && (!app || lease.app === app)), query);
}

function personAccess(mock, user) {
  const mine = new Set(withParents(mock, user));
  return mock.apps.flatMap((app) => {
    const rows = accessOf(app, mock.groups);
    return routeNames(app).map((route) => {
      const row = rows.find((candidate) => candidate.route === route && (candidate.who.kind === 'strangers' || mine.has(candidate.who.group)));
      return { app: app.name, title: app.title, host: app.host, route, access: user.disabled ? 'never' : row?.access ?? 'never', conditions: row?.conditions ?? [], because: row?.because ?? [], ways: row ? [] : [`be put into ${rows[0]?.who.group ?? 'a group that a policy names'}`] };
    });
  });
}

const appView = (mock, app) => ({
  name: app.name, title: app.title, host: app.host, upstream: app.built_in ? 'Gatewright itself' : app.upstream.servers.length > 1 ? `${app.upstream.servers[0]} and ${app.upstream.servers.length - 1} more` : app.upstream.servers[0],
  tags: app.tags, routes: routeNames(app), managed_by: app.managed_by, built_in: app.built_in, people: Math.max(0, ...accessOf(app, mock.groups).map(({ who }) => who.people ?? 0)), version: app.version,
});

function judgedApp(body) {
  if (!/^[a-z][a-z0-9-]*$/.test(body.name)) no(422, 'invalid', `\`${body.name}\` is no name for an app.`, { field: 'name', help: 'Use lower-case letters, digits and hyphens.' });
  if (!/^[a-z0-9.-]+$/.test(body.host)) no(422, 'invalid', `\`${body.host}\` is no host name.`, { field: 'host', help: 'Write it without scheme and path: wiki.example.com.' });
  body.upstream.servers.forEach((server, n) => /^https?:\/\//.test(server) || no(422, 'invalid', `\`${server}\` is no address of a server.`, { field: `upstream.servers[${n}]`, help: 'Write http:// or https:// before it.' }));
  if (body.upstream.servers.length === 0) no(422, 'invalid', 'An app needs a server to send to.', { field: 'upstream.servers' });
  body.routes.forEach((route, n) => route.paths.forEach((path, m) => path.startsWith('/') || no(422, 'invalid', `The path \`${path}\` does not begin with a slash.`, { field: `routes[${n}].paths[${m}]`, help: 'Paths are absolute: /edit/*.' })));
  return body;
}

function changeable(app) {
  if (app.managed_by === 'configuration') no(409, 'conflict', `The configuration file owns \`${app.name}\`.`, { help: 'Change it in /etc/gatewright/gatewright.toml; it is read again by itself.' });
  if (app.built_in) no(409, 'conflict', `\`${app.name}\` is a part of Gatewright.`);
  return app;
}

function overview(mock) {
  const now = Date.now();
  const per = mock.decisions.rate;
  const per_second = Array.from({ length: 120 }, (_, n) => {
    const at = (Math.floor(now / 1000) - 119 + n) * 1000;
    const wave = 1 + 0.08 * Math.sin(at / 9000) + 0.06 * (chance('s', at) - 0.5);
    return { at, allow: Math.round(per * 0.96 * wave), deny: Math.round(per * 0.03 * (0.6 + chance('sd', at))) };
  });
  return {
    now, epoch: mock.policies.epoch, version: '0.1.0', started: mock.began - 3 * DAY,
    leases: { open: 1284 - mock.ended.size, people: 312 }, sessions: { open: 400, people: 312 },
    decisions: { per_second, hour: { allow: 3_412_880, deny: 1037, cut: 41 } },
    refused: mock.quiet ? [] : [
      { app: 'payroll', why: 'crown-jewels-need-a-passkey', times: 412, people: 38, last: now - 4000 },
      { app: 'artifacts-oslo', why: 'nothing permits it', times: 260, people: 3, last: now - 60_000 },
      { app: 'reports', why: 'reports-need-a-fresh-sign-in', times: 122, people: 61, last: now - 30_000 },
      { app: 'grafana-lagos', why: 'nobody has signed in', times: 77, people: 0, last: now - 12_000 },
      { app: 'wiki', why: 'nothing permits it', times: 9, people: 9, last: now - 400_000 },
    ],
    window_since: now - 24 * MINUTE,
    attention: mock.quiet ? [] : [
      { id: 'config-refused', level: 'fault', what: 'The configuration file as it stands is refused.', help: 'The apps of before stay in force. Line 41: `upstrem` is no key of an app.', link: '/apps' },
      { id: 'upstream', level: 'warning', what: 'One of two servers of Grafana Lagos does not answer.', help: 'The other takes all requests since 12 minutes.', link: '/apps/grafana-lagos' },
    ],
    counts: { users: mock.users.length, groups: mock.groups.length, apps: mock.apps.length, policies: mock.policies.all().length },
  };
}

function map(mock, query) {
  const q = (query.get('q') ?? '').toLowerCase().trim();
  const edges = mock.apps.flatMap((app) => accessOf(app, mock.groups).map((row) => ({
    group: row.who.kind === 'group' ? row.who.group : null, route: row.route, app: app.name, access: row.access, people: row.who.people ?? 0, conditions: row.conditions, because: row.because,
  })));
  const tags = new Map(mock.apps.map((app) => [app.name, app.tags.map((tag) => `tag:${tag}`).join(' ')]));
  const wanted = edges.filter((edge) => !q || `${edge.group ?? 'strangers'} ${edge.app} ${edge.route} ${tags.get(edge.app)} ${edge.conditions.join(' ')}`.toLowerCase().includes(q));
  const groups = new Set(wanted.map(({ group }) => group));
  const apps = new Set(wanted.map(({ app }) => app));
  return {
    groups: mock.groups.filter(({ name }) => groups.has(name)).map(({ name, title, people }) => ({ name, title, people })),
    apps: mock.apps.filter(({ name }) => apps.has(name)).map((app) => ({ name: app.name, title: app.title, people: appView(mock, app).people, routes: routeNames(app).map((name) => ({ name, label: app.routes.find((route) => name === `${app.name}/${route.name}`)?.paths[0] ?? 'the rest' })) })),
    edges: wanted, incomplete: false,
  };
}

function explained(mock, body) {
  const user = body.user === null ? undefined : person(mock, body.user);
  const app = appOf(mock, body.app);
  const row = accessOf(app, mock.groups).find(({ who }) => who.kind === 'strangers' || (user && withParents(mock, user).includes(who.group)));
  const needs = row?.conditions.includes('passkey') && body.proof !== 'passkey';
  const allow = Boolean(row) && !needs && !user?.disabled;
  const ids = allow ? row.because : needs ? ['crown-jewels-need-a-passkey'] : [];
  return {
    outcome: allow ? 'allow' : 'deny', sentence: `${user?.name ?? 'a stranger'} ${allow ? 'may' : 'may not'} ${body.method} ${body.path} on ${app.name}`, because: ids,
    policies: mock.policies.all().filter(({ id }) => ids.includes(id)), considered: ['contractors-office-hours'],
    attributes: [{ name: 'authn.phishing_resistant', value: String(body.proof === 'passkey') }, { name: 'time.hour', value: '14' }], faults: [],
    ways: allow ? [] : needs ? [{ steps: ['confirm with a passkey'], alone: true }] : user ? [] : [{ steps: ['sign in'], alone: true }],
    ...(allow ? { valid_until: Date.now() + 40 * MINUTE } : {}),
  };
}

const ALL = ['admin.read', 'admin.user.add', 'admin.user.change', 'admin.user.link', 'admin.session.end', 'admin.group.change', 'admin.app.change', 'admin.policy.apply', 'admin.explain', 'admin.log.read', 'admin.key.rotate'];

const changed = (mock) => ({ epoch: mock.policies.epoch });

const keys = (mock) => ['assertion', 'hand-over', 'session', 'ledger'].flatMap((purpose, n) => [
  { kid: `k-${purpose.slice(0, 3)}-${n}b`, purpose, published_at: mock.began - 30 * DAY, active_from: mock.began - 29 * DAY },
  ...(n < 2 ? [{ kid: `k-${purpose.slice(0, 3)}-${n}a`, purpose, published_at: mock.began - 120 * DAY, active_from: mock.began - 119 * DAY, replaced_at: mock.began - 29 * DAY }] : []),
]);

/** Each operation: method, path, and what it answers; a status before the answer where it is not 200. */
export const OPERATIONS = [
  ['GET', '/v1/me', (mock) => ({ kind: 'person', name: 'ana', display_name: 'Ana Ruiz', id: mock.users[0].id, may: Object.fromEntries(ALL.map((name) => [name, !mock.auditor || name === 'admin.read'])), portal: 'https://portal.example.com/', sign_out: 'https://auth.example.com/sign-out' })],
  ['GET', '/v1/overview', overview],
  ['GET', '/v1/users', users],
  ['POST', '/v1/users', (mock, _query, body) => {
    if (!/^[a-z][a-z0-9.-]*$/.test(body.name)) no(422, 'invalid', `\`${body.name}\` is no name for a person.`, { field: 'name', help: 'Use lower-case letters, digits, dots and hyphens.' });
    if (mock.users.some(({ name }) => name === body.name)) no(409, 'conflict', `Somebody is called \`${body.name}\` already.`, { field: 'name', help: 'Choose another name.' });
    for (const group of body.groups ?? []) groupOf(mock, group);
    const user = { id: `u-new-${body.name}`, name: body.name, display_name: body.display_name ?? '', email: body.email ?? null, groups: (body.groups ?? []).map((group) => ({ group })), factors: [], disabled: false, sessions: 0, attributes: {}, version: 1 };
    mock.users.push(user);
    mock.users.sort((a, b) => (a.name < b.name ? -1 : 1));
    return [201, user];
  }],
  ['GET', '/v1/users/:user', (mock, _query, _body, { user }) => inFull(mock, person(mock, user))],
  ['PATCH', '/v1/users/:user', (mock, _query, body, { user }, version) => { const found = person(mock, user); stale(version, found.version); Object.assign(found, body, { version: found.version + 1 }); return changed(mock); }],
  ['DELETE', '/v1/users/:user', (mock, _query, _body, { user }) => { mock.users.splice(mock.users.indexOf(person(mock, user)), 1); return changed(mock); }],
  ['POST', '/v1/users/:user/disable', (mock, _query, _body, { user }) => { const found = person(mock, user); if (found.name === 'ana') no(409, 'conflict', 'Nobody could administer Gatewright any more: ana is the only owner.', { help: 'Put somebody else into owners first.' }); Object.assign(found, { disabled: true, sessions: 0, version: found.version + 1 }); return changed(mock); }],
  ['POST', '/v1/users/:user/enable', (mock, _query, _body, { user }) => { const found = person(mock, user); Object.assign(found, { disabled: false, version: found.version + 1 }); return changed(mock); }],
  ['PUT', '/v1/users/:user/groups/:group', (mock, _query, body, { user, group }) => { const found = person(mock, user); groupOf(mock, group); found.groups = [...found.groups.filter((m) => m.group !== group), { group, ...body }]; found.version += 1; return changed(mock); }],
  ['DELETE', '/v1/users/:user/groups/:group', (mock, _query, _body, { user, group }) => { const found = person(mock, user); found.groups = found.groups.filter((m) => m.group !== group); found.version += 1; return changed(mock); }],
  ['POST', '/v1/users/:user/links', (mock, _query, body, { user }) => ({ url: `https://auth.example.com/link/${person(mock, user).name}-c2VjcmV0LW9mLXRoZS1tb2Nr`, kind: body.kind, expires: Date.now() + 30 * MINUTE })],
  ['DELETE', '/v1/users/:user/sessions', (mock, _query, _body, { user }) => { const found = person(mock, user); const ended = found.sessions; found.sessions = 0; return { ended }; }],
  ['DELETE', '/v1/users/:user/factors/:factor', (mock, _query, _body, { user, factor }) => { const found = person(mock, user); found.factors = found.factors.filter(({ id }) => id !== factor); return changed(mock); }],
  ['GET', '/v1/users/:user/access', (mock, _query, _body, { user }) => ({ items: personAccess(mock, person(mock, user)) })],
  ['GET', '/v1/groups', (mock, query) => paged(mock.groups, query)],
  ['POST', '/v1/groups', (mock, _query, body) => {
    if (!/^[a-z][a-z0-9-]*$/.test(body.name)) no(422, 'invalid', `\`${body.name}\` is no name for a group.`, { field: 'name', help: 'Use lower-case letters, digits and hyphens.' });
    for (const parent of body.parents ?? []) groupOf(mock, parent);
    const group = { title: '', parents: [], ...body, members: 0, people: 0, version: 1 }; mock.groups.push(group); return [201, group];
  }],
  ['GET', '/v1/groups/:group', (mock, _query, _body, { group }) => groupOf(mock, group)],
  ['PUT', '/v1/groups/:group', (mock, _query, body, { group }, version) => { const found = groupOf(mock, group); stale(version, found.version); Object.assign(found, body, { version: found.version + 1 }); return changed(mock); }],
  ['DELETE', '/v1/groups/:group', (mock, _query, _body, { group }) => { mock.groups.splice(mock.groups.indexOf(groupOf(mock, group)), 1); return changed(mock); }],
  ['GET', '/v1/apps', (mock) => ({ items: mock.apps.map((app) => appView(mock, app)), total: mock.apps.length, config: mock.quiet ? { state: 'in-force', file: '/etc/gatewright/gatewright.toml', since: mock.began } : { state: 'refused', file: '/etc/gatewright/gatewright.toml', since: mock.began - DAY, faults: ['line 41: `upstrem` is no key of an app'] } })],
  ['POST', '/v1/apps', (mock, _query, body) => { const app = { ...judgedApp(body), url: `https://${body.host}/`, managed_by: 'administration', built_in: false, version: 1 }; if (mock.apps.some(({ name }) => name === app.name)) no(409, 'conflict', `An app is called \`${app.name}\` already.`, { field: 'name' }); mock.apps.unshift(app); return [201, app]; }],
  ['GET', '/v1/apps/:app', (mock, _query, _body, { app }) => appOf(mock, app)],
  ['PUT', '/v1/apps/:app', (mock, _query, body, { app }, version) => { const found = changeable(appOf(mock, app)); stale(version, found.version); Object.assign(found, judgedApp(body), { version: found.version + 1 }); return changed(mock); }],
  ['DELETE', '/v1/apps/:app', (mock, _query, _body, { app }) => { mock.apps.splice(mock.apps.indexOf(changeable(appOf(mock, app))), 1); return changed(mock); }],
  ['GET', '/v1/apps/:app/access', (mock, _query, _body, { app }) => ({ items: accessOf(appOf(mock, app), mock.groups) })],
  ['GET', '/v1/policies', (mock) => mock.policies.view()],
  ['POST', '/v1/policies/check', (_mock, _query, body) => checked(body.files)],
  ['POST', '/v1/policies/compare', (mock, _query, body) => compared(mock.policies.files, body.files, mock.policies.version, mock.groups)],
  ['POST', '/v1/policies', (mock, _query, body) => {
    if (body.over !== undefined && body.over !== mock.policies.version) no(409, 'conflict', 'The policies were changed since this was compared.', { help: 'Compare again: the effect may be another.' });
    const { faults } = checked(body.files);
    if (faults.length) no(422, 'invalid', 'The policies have faults.', { faults: faults.map(({ file, line, what }) => `${file}:${line}: ${what}`) });
    return mock.policies.save(body.files);
  }],
  ['POST', '/v1/policies/test', (_mock, _query, body) => ({ cases: [...body.cases.matchAll(/name\s*=\s*"([^"]+)"/g)].map(([, name], n) => ({ name, ok: n !== 1, expected: 'deny', came: n === 1 ? 'allow' : 'deny', because: ['crown-jewels-need-a-passkey'] })), faults: /\[\[case\]\]/.test(body.cases) ? [] : ['no `[[case]]` is in the text'] })],
  ['POST', '/v1/policies/explain', (mock, _query, body) => explained(mock, body)],
  ['GET', '/v1/policies/history', (mock, query) => paged(mock.policies.kept.map(({ files, ...kept }, n) => ({ ...kept, files: files.map(({ name }) => name), newest: n === 0 })), query)],
  ['GET', '/v1/policies/history/:epoch', (mock, _query, _body, { epoch }) => mock.policies.kept.find((kept) => `${kept.epoch.incarnation}.${kept.epoch.number}` === epoch) ?? no(404, 'unknown', `No policies of epoch ${epoch} are kept.`)],
  ['POST', '/v1/policies/rollback/compare', (mock, _query, body) => compared(mock.policies.files, kept(mock, body.epoch).files, mock.policies.version, mock.groups)],
  ['POST', '/v1/policies/rollback', (mock, _query, body) => mock.policies.save(kept(mock, body.epoch).files)],
  ['POST', '/v1/explain', (mock, _query, body) => explained(mock, body)],
  ['GET', '/v1/map', map],
  ['GET', '/v1/sessions', sessions],
  ['DELETE', '/v1/sessions/:session', (mock, _query, _body, { session }) => { mock.ended.add(session); return { ended: 1 }; }],
  ['GET', '/v1/leases', leases],
  ['DELETE', '/v1/leases/:lease', (mock, _query, _body, { lease }) => { mock.ended.add(lease); return { ended: 1 }; }],
  ['GET', '/v1/decisions/:decision', (mock, _query, _body, { decision }) => mock.decisions.inFull(decision) ?? no(404, 'unknown', `The recent records hold no decision \`${decision}\`.`, { help: 'They reach back a while only. Older ones are in the ledger: gatewright log show.' })],
  ['GET', '/v1/keys', (mock) => ({ items: keys(mock) })],
  ['POST', '/v1/keys/:purpose/rotate', changed],
  ['GET', '/v1/settings', () => ({ time_zone: 'Europe/Madrid', networks: [{ name: 'office', prefixes: ['10.0.0.0/8', '2001:db8:41::/48'] }, { name: 'datacentre', prefixes: ['192.0.2.0/24'] }], managed_by: 'configuration', file: '/etc/gatewright/gatewright.toml' })],
  ['GET', '/v1/clock', (mock) => ({ now: Date.now(), ...(mock.quiet || mock.confirmed ? {} : { fault: 'The clock jumped 41 minutes ahead at the last start.' }) })],
  ['POST', '/v1/clock/confirm', (mock) => { mock.confirmed = true; return changed(mock); }],
  ['GET', '/v1/declared/drift', (mock) => (mock.quiet ? { declared: false, changes: [] } : { declared: true, at: mock.began - 2 * DAY, by: 'uid 0 on the machine', changes: [{ action: 'change', kind: 'user', name: 'bo', fields: ['groups', 'email'] }, { action: 'add', kind: 'app', name: 'status' }, { action: 'remove', kind: 'policy-file', name: 'old.cedar' }] })],
  ['GET', '/v1/declared/export', (mock) => ({ files: mock.policies.files })],
];

const kept = (mock, epoch) => mock.policies.kept.find((one) => one.epoch.number === (epoch?.number ?? Number(String(epoch).split('.').at(-1)))) ?? no(404, 'unknown', 'No policies of that epoch are kept.');
