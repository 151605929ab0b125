// What all answers share: problem documents, paging, finding what is named.

export const MINUTE = 60_000;

export const DAY = 86_400_000;

export class Refusal extends Error {
  constructor(status, type, detail, more = {}) {
    super(detail);
    this.status = status;
    this.document = { type, title: type, status, detail, ...more };
  }
}

export const no = (status, type, detail, more) => {
  throw new Refusal(status, type, detail, more);
};

export const stale = (wanted, version) => {
  if (wanted !== undefined && wanted !== version)
    no(412, 'stale', 'Somebody else changed this since you read it.', {
      help: 'Load it again, look at what changed, then do it again.',
    });
};

export function paged(items, query, most = 100) {
  const limit = Math.min(1000, Number(query.get('limit') ?? most));
  const from = Number(query.get('after') ?? 0);
  const next = from + limit;
  return { items: items.slice(from, next), total: items.length, ...(next < items.length && { next: String(next) }) };
}

export const person = (mock, wanted) =>
  mock.users.find((user) => user.name === wanted || user.id === wanted) ??
  no(404, 'unknown', `Nobody is called \`${wanted}\`.`, { help: 'Search the people by another name.' });

export const appOf = (mock, wanted) =>
  mock.apps.find((app) => app.name === wanted) ?? no(404, 'unknown', `No app is called \`${wanted}\`.`);

export const groupOf = (mock, wanted) =>
  mock.groups.find((group) => group.name === wanted) ?? no(404, 'unknown', `No group is called \`${wanted}\`.`);

/** Memberships that have not ended. */
export const running = (user) => user.groups.filter(({ until }) => until === undefined || until > Date.now());

export function withParents(mock, user) {
  const names = new Set(running(user).map(({ group }) => group));
  for (const name of [...names])
    for (const parent of mock.groups.find((group) => group.name === name)?.parents ?? []) names.add(parent);
  return [...names].sort();
}

/** Those that the helpdesk of the generated organisation is not in. */
const BEYOND = ['owners', 'auditors', 'oncall', 'contractors'];

/** Who is at the console. */
export const caller = (mock) => (mock.helpdesk ? 'hana' : (mock.as ?? 'ana'));

export const groupsOfCaller = (mock) =>
  mock.helpdesk
    ? mock.groups.map(({ name }) => name).filter((name) => !BEYOND.includes(name))
    : mock.users.some(({ name }) => name === 'ana')
      ? withParents(mock, person(mock, 'ana'))
      : [];

/** The helpdesk changes nobody who is in a group that it is not in. */
export function changeable(mock, user) {
  const mine = groupsOfCaller(mock);
  if (mock.helpdesk && withParents(mock, user).some((group) => !mine.includes(group)))
    no(403, 'denied', `\`${user.name}\` has rights that hana does not have`, { help: 'have an owner do it' });
  return user;
}

/** What policy forbids the helpdesk on those who run Gatewright. */
export function judged(mock, user, what) {
  if (mock.helpdesk && user.groups.some(({ group }) => group === 'owners'))
    no(403, 'denied', `policy does not let hana ${what} \`${user.name}\``, { help: 'have an owner do it' });
  return user;
}

export const changed = (mock) => ({ epoch: mock.policies.epoch });

export const appView = (app) => ({
  name: app.name,
  title: app.title,
  host: app.host,
  upstream: app.built_in
    ? 'Gatewright itself'
    : app.upstream.servers.length > 1
      ? `${app.upstream.servers[0]} and ${app.upstream.servers.length - 1} more`
      : app.upstream.servers[0],
  tags: app.tags,
  routes: app.routes.map(({ name }) => name),
  managed_by: app.managed_by,
  built_in: app.built_in,
  version: app.version,
});
