// A draft as it is sent: without empty lines, and without the fields that the server writes.

import type { AppDraft, Route } from '../../api/types';
import { filled } from '../../ui/field';
import { serverOf, serverWords } from './servers';

const set = <K extends string>(name: K, value: string | undefined): { [key in K]?: string } =>
  (value?.trim() ? { [name]: value.trim() } : {}) as { [key in K]?: string };

function route(given: Route): Route {
  return {
    ...given,
    name: given.name.trim(),
    paths: filled(given.paths),
    methods: filled(given.methods).map((method) => method.toUpperCase()),
    tags: filled(given.tags),
    ...(given.scopes && { scopes: filled(given.scopes) }),
    origins: filled(given.origins),
    recorded_parameters: filled(given.recorded_parameters),
  };
}

export function tidied(app: AppDraft): AppDraft {
  const { identity_headers: headers } = app;
  const { start, server_name, health, limits, ...upstream } = app.upstream;
  return {
    name: app.name.trim(),
    title: app.title.trim(),
    description: app.description.trim(),
    host: app.host.trim(),
    tags: filled(app.tags),
    attributes: app.attributes,
    upstream: {
      ...upstream,
      ...set('start', start),
      servers: filled(upstream.servers.map(serverWords)).map(serverOf),
      ...set('server_name', server_name),
      ...(health?.path.trim() && { health: { ...health, path: health.path.trim() } }),
      ...(limits && Object.keys(limits).length > 0 && { limits }),
    },
    ...set('time_zone', app.time_zone),
    in_portal: app.in_portal,
    preserve_host: app.preserve_host,
    identity_headers: {
      ...set('user', headers.user),
      ...set('email', headers.email),
      ...set('groups', headers.groups),
    },
    routes: app.routes.map(route),
  };
}
