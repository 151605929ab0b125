// A generated organisation: 10,000 people, 300 groups, 500 apps.

import { chance, pick, whole } from './chance.mjs';

const FIRST =
  'Ana Bo Carla Dmitri Elif Femi Greta Hana Igor Jun Kofi Lena Mia Nadia Omar Priya Quentin Rosa Sven Tom Uma Vera Wen Ximena Yusuf Zoe'.split(
    ' ',
  );
const LAST =
  'Ruiz Olsen Ferrari Petrov Demir Adeyemi Lindqvist Sato Novak Park Mensah Weber Rossi Haddad Farouk Sharma Dubois Lopez Berg Clarke Rao Ilic Zhang Torres Aydin Keller'.split(
    ' ',
  );
const TEAMS =
  'finance engineering support legal sales research design security data people-office facilities logistics'.split(' ');
const PLACES = 'madrid oslo lagos osaka berlin lyon accra lima pune cork'.split(' ');
const KINDS = 'wiki grafana tickets builds artifacts mail calendar crm ledger inventory maps reports'.split(' ');

const DAY = 86_400_000;

function namesOfGroups() {
  const names = ['owners', 'staff', 'contractors', 'oncall', 'helpdesk', 'auditors', ...TEAMS];
  for (let n = 0; names.length < 300; n += 1)
    names.push(
      `${TEAMS[n % TEAMS.length]}-${PLACES[Math.floor(n / TEAMS.length) % PLACES.length]}${n >= 120 ? `-${Math.floor(n / 120) + 1}` : ''}`,
    );
  return names;
}

const title = (name) =>
  name
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');

const DIGITS = 'abcdefghijklmnopqrstuvwxyz234567';

/** A number as the ids of Gatewright write it. */
const base32 = (number) =>
  Array.from({ length: 13 }, (_, n) => DIGITS[Math.floor(number / 32 ** (12 - n)) % 32]).join('');

function userAt(n, groups, now) {
  const first = FIRST[n % FIRST.length];
  const last = LAST[Math.floor(n / FIRST.length) % LAST.length];
  const plain = first.toLowerCase();
  const name =
    n < FIRST.length
      ? plain
      : `${plain}.${last.toLowerCase()}${n >= FIRST.length * LAST.length ? Math.floor(n / (FIRST.length * LAST.length)) + 1 : ''}`;
  const team = groups[6 + whole(294, 'team', n)];
  const outside = n % 17 === 1;
  const memberships = [{ group: outside ? 'contractors' : 'staff' }, { group: team }];
  if (n === 0) memberships.unshift({ group: 'owners' });
  if (n % 211 === 3) memberships.push({ group: 'oncall', until: now + 3 * DAY });
  if (n % 97 === 9) memberships.push({ group: 'oncall', until: now + DAY / 3, by: 'corp' });
  if (n % 26 === 2) memberships.push({ group: 'helpdesk', until: now - DAY / 4 });
  const passkeys = chance('passkey', n) < 0.86 ? 1 + whole(2, 'two', n) : 0;
  const factors = Array.from({ length: passkeys }, (_, i) => ({
    id: `f-${n}-${i}`,
    kind: 'passkey',
    name: pick(['YubiKey blue', 'Touch ID', 'Windows Hello', `${plain}-phone`], 'factor', n, i),
    enrolled_at: now - whole(300, 'since', n, i) * DAY - 5 * DAY,
  }));
  if (passkeys && n % 3 === 0)
    factors.push({ id: `f-${n}-r`, kind: 'recovery-codes', name: '', enrolled_at: now - 40 * DAY });
  if (!passkeys && n % 2 === 0)
    factors.push(
      { id: `f-${n}-w`, kind: 'password', name: 'Password', enrolled_at: now - 30 * DAY },
      { id: `f-${n}-t`, kind: 'totp', name: 'Authenticator app', enrolled_at: now - 30 * DAY },
    );
  return {
    id: `u-${base32(n * 7919 + 104_729)}`,
    name,
    display_name: `${first} ${last}`,
    ...(n % 29 !== 5 && { email: `${name}@example.com` }),
    groups: memberships,
    factors,
    identities: identitiesOf(n),
    disabled: n % 97 === 13,
    sessions: n % 97 === 13 ? 0 : whole(4, 'sessions', n),
    attributes: n % 4 === 0 ? { team: pick(['red', 'blue', 'green'], 'colour', n) } : {},
    version: 1 + whole(40, 'version', n),
    managed_by: 'administration',
  };
}

/** Most are known at the organisation's own provider, contractors at their agency, and some at one that went. */
function identitiesOf(n) {
  const agency = n % 17 === 1;
  const all =
    n % 3 === 0 ? [{ provider: agency ? 'agency' : 'corp', subject: `${agency ? 'a' : 'c'}-${1000 + n}` }] : [];
  if (n % 50 === 6) all.push({ provider: 'old', subject: `o-${n}` });
  if (n % 31 === 4) all.push({ provider: 'agency', subject: `x-${n}`, within: ['contractors', 'helpdesk', 'staff'] });
  return all;
}

const words = (acr = [], amr = []) => ({ acr, amr });

const provider = (name, title, more) => ({
  name,
  title,
  issuer: `https://id.${name}.example.com`,
  protocol: 'oidc',
  client_id: 'gatewright',
  scopes: ['profile', 'email'],
  people: { required: {}, found_by: 'link', provision: false, name_claim: 'preferred_username' },
  memberships: [],
  assurance: { multi_factor: words(), phishing_resistant: words() },
  state: 'declared',
  suspended: false,
  configured: true,
  linked: 0,
  sessions: 0,
  version: 3,
  ...more,
});

/** One that people live in, one that was switched off, and one that the file does not name any more. */
const providers = () => [
  provider('agency', 'Agency', { state: 'suspended', suspended: true }),
  provider('corp', 'Corp account', {
    people: {
      required: { department: ['engineering', 'finance'] },
      found_by: 'name',
      provision: true,
      name_claim: 'preferred_username',
    },
    memberships: [
      { when: { groups: ['on-call', 'platform'] }, groups: ['oncall'] },
      { when: {}, groups: ['staff'] },
    ],
    assurance: { multi_factor: words(['mfa'], ['otp', 'sms']), phishing_resistant: words([], ['hwk']) },
    sessions: 1204,
  }),
  provider('lab', 'Lab directory', {
    protocol: 'ldap',
    issuer: 'ldaps://ldap.lab.test:636/ou=people,dc=lab,dc=test',
    client_id: undefined,
    scopes: [],
    directory: { fills: ['staff'], over: [] },
  }),
  provider('old', 'Old directory', { state: 'off', configured: false }),
];

/** One that waits for somebody. */
const directories = (now) => [
  {
    name: 'lab',
    title: 'Lab directory',
    state: 'declared',
    configured: true,
    followed: true,
    servers: ['ldaps://ldap.lab.test:636'],
    fills: ['staff'],
    over: [],
    linked: 412,
    last_success: now - DAY,
    server: 'ldaps://ldap.lab.test:636',
    following: 'told of changes by the server (syncrepl)',
    counts: { people: 412, groups: 3, linked: 412, memberships: 390, added: 0, changed: 2, disabled: 1, enabled: 0 },
    conflicts: [{ about: 'uid=old,ou=people,dc=lab,dc=test', why: 'it has no sign-in name: fill in the attribute' }],
    conflicts_total: 1,
    trouble: {
      at: now - DAY / 24,
      what: 'too much would be taken away at once: people switched off: 120 of 412 (at most 82 without asking)',
      help: 'check the directory, the bases and the filters; look who it is, and allow it if it is meant; nothing was changed',
      needs: { people: 120, memberships: 4, returns: 0, digest: '5f1c3a' },
      who: [{ user: 'u-femi', name: 'femi', what: 'off' }],
    },
    failures: 3,
    references: 0,
    partial: false,
  },
];

const client = (name, title, now, { registration, ...more }) => ({
  id: `c-${name}aaaaaaaaaaaaa`.slice(0, 15),
  name,
  title,
  owner: 'configuration',
  consent: 'never',
  groups: [],
  attributes: {},
  registration: {
    authentication: 'client_secret_basic',
    secrets: [{ since: now - 40 * DAY }],
    keys: [],
    application_type: 'web',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [`https://${name}.example.com/callback`],
    post_logout_redirect_uris: [],
    scopes: ['openid', 'profile', 'email', 'groups'],
    resources: [],
    serves: [],
    id_token_algorithm: 'RS256',
    require_pushed: false,
    dpop_bound: false,
    certificate_bound: false,
    proof_key_required: true,
    require_auth_time: false,
    default_acr_values: [],
    ...registration,
  },
  state: 'on',
  suspended: false,
  configured: true,
  version: 3,
  ...more,
});

/** A program, an app that people sign in to, one on their devices that is off, and one that the file forgot. */
const clients = (now) => [
  client('builder', 'Builder', now, {
    groups: ['contractors'],
    attributes: { team: 'platform' },
    tokens_from: now - DAY,
    registration: {
      authentication: 'private_key_jwt',
      secrets: [],
      keys: ['NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'],
      grant_types: ['client_credentials'],
      redirect_uris: [],
      scopes: ['build:write'],
      resources: ['https://wiki.example.com'],
    },
  }),
  client('grafana', 'Grafana', now, {
    app: 'wiki',
    registration: {
      secrets: [{ since: now - 400 * DAY, expires: now + DAY }, { since: now - DAY }],
      backchannel_logout_uri: 'https://grafana.example.com/logout',
      sector: 'grafana.example.com',
    },
  }),
  client('notes', 'Notes', now, { app: 'wiki', owner: 'itself', consent: 'ask', configured: false }),
  client('old', 'Old wiki', now, { app: 'wiki', state: 'off', configured: false }),
  client('phone', 'Phone app', now, {
    app: 'wiki',
    state: 'suspended',
    suspended: true,
    registration: { authentication: 'none', secrets: [], application_type: 'native' },
  }),
];

const route = (name, paths, more = {}) => ({
  name,
  paths,
  methods: [],
  tags: [],
  credential: 'cookie',
  sender_constrained: false,
  authorization: 'pass',
  origins: [],
  recorded_parameters: [],
  accept_encoded_slash: false,
  accept_override_headers: false,
  upgrades: [],
  ...more,
});

const KNOWN = [
  [
    'wiki',
    'Wiki',
    'What everybody should know, written by everybody.',
    [],
    [
      route('editor', ['/edit/*', '/upload/*'], { upgrades: ['websocket'] }),
      route('admin', ['/admin/*'], { tags: ['crown-jewel'] }),
    ],
    'configuration',
  ],
  [
    'payroll',
    'Payroll',
    'Salaries and invoices.',
    ['crown-jewel'],
    [
      route('runs', ['/runs/*'], { methods: ['GET', 'POST'] }),
      route('export', ['/export'], { methods: ['GET'], recorded_parameters: ['year'] }),
    ],
    'administration',
  ],
  ['reports', 'Reports', 'Figures of the week.', [], [], 'administration'],
  ['status', 'Status', 'Whether our services are up; open to everybody.', [], [], 'administration'],
  ['portal', 'Portal', "Everybody's own apps.", [], [], 'gatewright'],
  ['admin', 'Administration', 'This console.', ['administration'], [], 'gatewright'],
];

function appAt(n) {
  const kind = KINDS[n % KINDS.length];
  const place = PLACES[Math.floor(n / KINDS.length) % PLACES.length];
  const serial = Math.floor(n / (KINDS.length * PLACES.length));
  const name = `${kind}-${place}${serial ? `-${serial + 1}` : ''}`;
  return [
    name,
    title(name),
    '',
    n % 13 === 0 ? ['crown-jewel'] : n % 5 === 0 ? ['internal'] : [],
    n % 4 === 0 ? [route('api', ['/api/*'])] : [],
    n % 3 ? 'administration' : 'configuration',
  ];
}

export function makeOrganisation(now) {
  const names = namesOfGroups();
  const users = Array.from({ length: 10_000 }, (_, n) => userAt(n, names, now)).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const members = new Map(names.map((name) => [name, 0]));
  for (const user of users) for (const { group } of user.groups) members.set(group, members.get(group) + 1);
  const parentOf = (name) => TEAMS.find((team) => name.startsWith(`${team}-`));
  const within = (team) =>
    names.filter((name) => parentOf(name) === team).reduce((sum, name) => sum + members.get(name), 0);
  const groups = names
    .map((name) => ({
      name,
      title: title(name),
      parents: parentOf(name) ? [parentOf(name)] : [],
      members: members.get(name),
      people: members.get(name) + (TEAMS.includes(name) ? within(name) : 0),
      version: 3,
      managed_by: 'administration',
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const apps = [...KNOWN, ...Array.from({ length: 500 - KNOWN.length }, (_, n) => appAt(n))]
    .map(([name, words, description, tags, routes, managed_by], n) => ({
      name,
      title: words,
      description,
      host: `${name}.example.com`,
      url: `https://${name}.example.com/`,
      managed_by,
      built_in: managed_by === 'gatewright',
      tags,
      attributes: n % 7 === 0 ? { owner: 'finance' } : {},
      upstream: {
        servers:
          managed_by === 'gatewright'
            ? []
            : n % 6 === 0
              ? [`http://10.0.${n % 250}.7:3000`, `http://10.0.${n % 250}.8:3000`]
              : [`http://10.0.${n % 250}.7:3000`],
        protocol: 'auto',
        ...(name === 'payroll' && {
          health: { path: '/health', interval_ms: 5000 },
          limits: { connect_ms: 2500, request_body_bytes: 20_000_000 },
        }),
      },
      ...(name === 'payroll' && { time_zone: 'Europe/Madrid' }),
      in_portal: true,
      preserve_host: n % 8 !== 3,
      identity_headers: name === 'payroll' ? { user: 'x-remote-user', groups: 'x-remote-groups' } : {},
      routes,
      version: 2,
    }))
    .sort((a, b) => (a.title < b.title ? -1 : 1));
  return { users, groups, apps, providers: providers(), directories: directories(now), clients: clients(now) };
}

export const routeNames = (app) => [...app.routes.map(({ name }) => `${app.name}/${name}`), `${app.name}/default`];

/** Who reaches an app: which groups, on which condition, by which policy. */
export function accessOf(app, groups) {
  const size = (name) => groups.find((group) => group.name === name)?.people ?? 0;
  const shut = (tags) => tags.includes('crown-jewel');
  const because = (own, tags) => (shut(tags) ? [own, 'crown-jewels-need-a-passkey'] : [own]);
  const rows = [];
  const add = (name, group, tags, own, conditions = []) => {
    const all = shut(tags) ? ['passkey', ...conditions] : conditions;
    rows.push({
      route: name,
      who: { kind: 'group', group, people: size(group) },
      access: all.length ? 'condition' : 'always',
      conditions: all,
      because: because(own, tags),
    });
  };
  for (const name of routeNames(app)) {
    const own = app.routes.find((candidate) => `${app.name}/${candidate.name}` === name);
    const tags = [...app.tags, ...(own?.tags ?? [])];
    if (app.name === 'status')
      rows.push({
        route: name,
        who: { kind: 'strangers' },
        access: 'always',
        conditions: [],
        because: ['status-for-everybody'],
      });
    if (app.name === 'admin') add(name, 'owners', ['crown-jewel'], 'gatewright-administer-as-owner');
    else if (app.name === 'payroll') {
      add(name, 'staff', tags, 'payroll-for-staff');
      if (name.endsWith('/default'))
        add(name, 'contractors', tags, 'payroll-for-contractors', ['network office', 'time']);
      if (!name.endsWith('/default')) add(name, 'finance', tags, 'payroll-runs-for-finance');
    } else if (['wiki', 'reports', 'portal', 'status'].includes(app.name)) {
      if (!name.endsWith('/admin'))
        add(name, 'staff', tags, `${app.name}-for-staff`, app.name === 'reports' ? ['fresh sign-in'] : []);
      if (name.endsWith('/admin')) add(name, 'oncall', tags, 'wiki-admin-for-oncall');
      if (app.name === 'reports') add(name, 'contractors', tags, 'reports-for-contractors', ['fresh sign-in']);
    } else if (chance('open', app.name) < 0.96) {
      const many = 1 + whole(3, 'many', app.name);
      for (let n = 0; n < many; n += 1)
        add(
          name,
          groups[whole(groups.length, 'who', app.name, n)].name,
          tags,
          `team-apps-${n + 1}`,
          chance('time', app.name, n) < 0.15 ? ['time'] : [],
        );
    }
  }
  return rows;
}
