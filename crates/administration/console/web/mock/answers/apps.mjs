// Apps and their routes.

import { accessOf } from '../organisation.mjs';
import { DAY, appOf, appView, changed, no, paged, stale } from './common.mjs';

function judgedApp(body) {
  if (!/^[a-z][a-z0-9-]*$/.test(body.name))
    no(422, 'invalid', `\`${body.name}\` is no name for an app.`, {
      field: 'name',
      help: 'Use lower-case letters, digits and hyphens.',
    });
  if (!/^[a-z0-9.-]+$/.test(body.host))
    no(422, 'invalid', `\`${body.host}\` is no host name.`, {
      field: 'host',
      help: 'Write it without scheme and path: wiki.example.com.',
    });
  body.upstream.servers.forEach(
    (server, n) =>
      /^https?:\/\//.test(server.address ?? server) ||
      no(422, 'invalid', `\`${server}\` is no address of a server.`, {
        field: `upstream.servers[${n}]`,
        help: 'Write http:// or https:// before it.',
      }),
  );
  if (body.upstream.servers.length === 0)
    no(422, 'invalid', 'An app needs a server to send to.', { field: 'upstream.servers' });
  for (const [fact, header] of Object.entries(body.identity_headers))
    if (!/^x-.*(user|email|groups?|name)$/i.test(header))
      no(422, 'invalid', `\`${header}\` is not the name of a header that says who somebody is.`, {
        field: `identity_headers.${fact}`,
        help: 'Such as x-forwarded-user.',
      });
  if (body.upstream.health && (body.upstream.health.interval_ms ?? 10_000) < 1000)
    no(422, 'invalid', 'The interval is below 1000.', { field: 'upstream.health.interval_ms' });
  body.routes.forEach((route, n) =>
    route.paths.forEach(
      (path, m) =>
        path.startsWith('/') ||
        no(422, 'invalid', `The path \`${path}\` does not begin with a slash.`, {
          field: `routes[${n}].paths[${m}]`,
          help: 'Paths are absolute: /edit/*.',
        }),
    ),
  );
  return body;
}

function changeable(app) {
  if (app.managed_by === 'configuration')
    no(409, 'conflict', `The configuration file owns \`${app.name}\`.`, {
      help: 'Change it in /etc/gatewright/gatewright.toml; it is read again by itself.',
    });
  if (app.built_in) no(409, 'conflict', `\`${app.name}\` is a part of Gatewright.`);
  return app;
}

export const APPS = [
  [
    'GET',
    '/v1/apps',
    (mock, query) => ({
      ...paged(
        mock.apps
          .filter(({ name, title }) => `${name} ${title}`.toLowerCase().includes((query.get('q') ?? '').toLowerCase()))
          .map((app) => appView(app)),
        query,
      ),
      config: mock.quiet
        ? { state: 'in-force', file: '/etc/gatewright/gatewright.toml', since: mock.began }
        : {
            state: 'refused',
            file: '/etc/gatewright/gatewright.toml',
            since: mock.began - DAY,
            faults: ['line 41: `upstrem` is no key of an app'],
          },
    }),
  ],
  [
    'POST',
    '/v1/apps',
    (mock, _query, body) => {
      const app = {
        ...judgedApp(body),
        url: `https://${body.host}/`,
        managed_by: 'administration',
        built_in: false,
        version: 1,
      };
      if (mock.apps.some(({ name }) => name === app.name))
        no(409, 'conflict', `An app is called \`${app.name}\` already.`, { field: 'name' });
      mock.apps.unshift(app);
      return [201, app];
    },
  ],
  ['GET', '/v1/apps/:app', (mock, _query, _body, { app }) => appOf(mock, app)],
  [
    'PUT',
    '/v1/apps/:app',
    (mock, _query, body, { app }, version) => {
      const found = changeable(appOf(mock, app));
      stale(version, found.version);
      Object.assign(found, judgedApp(body), { version: found.version + 1 });
      return found;
    },
  ],
  [
    'DELETE',
    '/v1/apps/:app',
    (mock, _query, _body, { app }) => {
      mock.apps.splice(mock.apps.indexOf(changeable(appOf(mock, app))), 1);
      return changed(mock);
    },
  ],
  [
    'GET',
    '/v1/apps/:app/access',
    (mock, _query, _body, { app }) => ({ items: accessOf(appOf(mock, app), mock.groups) }),
  ],
];
