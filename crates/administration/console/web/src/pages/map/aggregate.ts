// What is drawn of the map: the strongest, never thousands of paths. Pure.

import type { AccessMap, MapEdge } from '../../api/types';

/** No group has an empty name. */
export const STRANGERS = '';

/** All that leads from one group to one app, or from one app to one of its routes. */
export interface Flow {
  from: string;
  to: string;
  people: number;
  access: 'always' | 'condition';
  conditions: string[];
  because: string[];
  routes: string[];
}

export interface Drawn {
  groups: { name: string; people: number; strangers: boolean }[];
  apps: {
    name: string;
    title: string;
    people: number;
    routes: { name: string; label: string }[];
    moreRoutes: number;
  }[];
  /** From groups to apps. */
  into: Flow[];
  /** From apps to routes. */
  within: Flow[];
  left: { groups: number; apps: number; flows: number };
}

export interface Bounds {
  groups: number;
  apps: number;
  flows: number;
  routes: number;
}

const who = (edge: MapEdge): string => edge.group ?? STRANGERS;

const union = (a: string[], b: string[]): string[] => [...new Set([...a, ...b])];

function gathered(edges: MapEdge[], ends: (edge: MapEdge) => [from: string, to: string]): Flow[] {
  const flows = new Map<string, Flow>();
  for (const edge of edges) {
    const [from, to] = ends(edge);
    const key = `${from}\n${to}`;
    const flow = flows.get(key);
    const access = edge.access === 'always' ? 'always' : 'condition';
    if (!flow) {
      flows.set(key, {
        from,
        to,
        people: edge.people,
        access,
        conditions: edge.conditions,
        because: edge.because,
        routes: [edge.route],
      });
      continue;
    }
    flow.people = Math.max(flow.people, edge.people);
    if (access === 'condition') flow.access = 'condition';
    flow.conditions = union(flow.conditions, edge.conditions);
    flow.because = union(flow.because, edge.because);
    flow.routes = union(flow.routes, [edge.route]);
  }
  return [...flows.values()];
}

/** Strangers count for more than any group: an open door is never left out. */
const weight = (flow: Flow): number => (flow.from === STRANGERS ? Number.MAX_SAFE_INTEGER : flow.people);

export function strongest(map: AccessMap, bounds: Bounds): Drawn {
  const all = gathered(map.edges, (edge) => [who(edge), edge.app]).sort((a, b) => weight(b) - weight(a));
  const groups = new Set<string>();
  const apps = new Set<string>();
  const into: Flow[] = [];
  for (const flow of all) {
    if (into.length >= bounds.flows) break;
    if (!groups.has(flow.from) && groups.size >= bounds.groups) continue;
    if (!apps.has(flow.to) && apps.size >= bounds.apps) continue;
    groups.add(flow.from);
    apps.add(flow.to);
    into.push(flow);
  }
  const within = gathered(
    map.edges.filter((edge) => apps.has(edge.app) && groups.has(who(edge))),
    (edge) => [edge.app, edge.route],
  );
  return {
    groups: groupsOf(map, groups),
    apps: appsOf(map, apps, into, within, bounds.routes),
    into,
    within,
    left: {
      groups: new Set(all.map((flow) => flow.from)).size - groups.size,
      apps: new Set(all.map((flow) => flow.to)).size - apps.size,
      flows: all.length - into.length,
    },
  };
}

function groupsOf(map: AccessMap, names: Set<string>): Drawn['groups'] {
  const known = new Map(map.groups.map((group) => [group.name, group.people]));
  return [...names]
    .map((name) => ({ name, people: known.get(name) ?? 0, strangers: name === STRANGERS }))
    .sort((a, b) => Number(b.strangers) - Number(a.strangers) || b.people - a.people || a.name.localeCompare(b.name));
}

function appsOf(map: AccessMap, names: Set<string>, into: Flow[], within: Flow[], most: number): Drawn['apps'] {
  const place = new Map(
    groupsOf(map, new Set(into.map((flow) => flow.from))).map((group, index) => [group.name, index]),
  );
  const height = (app: string): number => {
    const flows = into.filter((flow) => flow.to === app);
    return flows.reduce((sum, flow) => sum + (place.get(flow.from) ?? 0), 0) / Math.max(1, flows.length);
  };
  const reached = new Set(within.map((flow) => flow.to));
  return map.apps
    .filter((app) => names.has(app.name))
    .map((app) => {
      const routes = app.routes.filter((route) => reached.has(route.name));
      const [only] = app.routes.length === 1 ? routes : [];
      if (only) return { ...app, routes: [{ ...only, label: 'all of it' }], moreRoutes: 0 };
      return { ...app, routes: routes.slice(0, most), moreRoutes: Math.max(0, routes.length - most) };
    })
    .sort((a, b) => height(a.name) - height(b.name) || b.people - a.people);
}
