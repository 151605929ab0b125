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

export function withParents(mock, user) {
  const names = new Set(user.groups.map(({ group }) => group));
  for (const name of [...names])
    for (const parent of mock.groups.find((group) => group.name === name)?.parents ?? []) names.add(parent);
  return [...names].sort();
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
