// Where everything on the map stands. Pure: from what is drawn and a width, to boxes and bands.

import type { Drawn, Flow } from './aggregate';

export interface Box {
  key: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Band {
  flow: Flow;
  path: string;
  width: number;
}

export interface Layout {
  width: number;
  height: number;
  groups: Box[];
  apps: Box[];
  routes: Box[];
  into: Band[];
  within: Band[];
}

const GAP = 14;
const LEAST = 48;
const PAD = 8;
const WIDEST = 26;
const ROUTE = 30;

/** Widths are numbers of people, in proportion; what is too thin to be seen is two wide. */
export function widthOf(people: number, most: number): number {
  return Math.max(2, (people / Math.max(1, most)) * WIDEST);
}

function stacked(keys: string[], heights: number[], x: number, width: number, whole: number): Box[] {
  const sum = heights.reduce((all, height) => all + height, 0);
  const gap = keys.length > 1 ? Math.max(GAP, (whole - sum) / (keys.length - 1)) : GAP;
  let y = keys.length > 1 ? 0 : Math.max(0, (whole - sum) / 2);
  return keys.map((key, index) => {
    const height = heights[index] ?? LEAST;
    const box = { key, x, y, width, height };
    y += height + gap;
    return box;
  });
}

const sumOf = (flows: Flow[], most: number): number =>
  flows.reduce((sum, flow) => sum + widthOf(flow.people, most) + 1, 0);

function band(flow: Flow, width: number, x1: number, y1: number, x2: number, y2: number): Band {
  const half = width / 2;
  const middle = (x1 + x2) / 2;
  const n = (value: number) => value.toFixed(1);
  const path =
    `M${n(x1)} ${n(y1 - half)}C${n(middle)} ${n(y1 - half)} ${n(middle)} ${n(y2 - half)} ${n(x2)} ${n(y2 - half)}` +
    `V${n(y2 + half)}C${n(middle)} ${n(y2 + half)} ${n(middle)} ${n(y1 + half)} ${n(x1)} ${n(y1 + half)}Z`;
  return { flow, path, width };
}

/** Hands out places along the sides of boxes, top to bottom, in the order in which it is asked. */
class Sides {
  readonly #next = new Map<string, number>();
  constructor(boxes: Box[], totals: Map<string, number>) {
    for (const box of boxes) this.#next.set(box.key, box.y + (box.height - (totals.get(box.key) ?? 0)) / 2);
  }

  take(key: string, width: number): number {
    const y = this.#next.get(key) ?? 0;
    this.#next.set(key, y + width + 1);
    return y + width / 2;
  }
}

function totals(flows: Flow[], end: (flow: Flow) => string, most: number): Map<string, number> {
  const sums = new Map<string, number>();
  for (const flow of flows) sums.set(end(flow), (sums.get(end(flow)) ?? 0) + widthOf(flow.people, most) + 1);
  return sums;
}

export function layout(drawn: Drawn, width: number): Layout {
  const most = Math.max(1, ...drawn.into.map((flow) => flow.people));
  const boxWidth = Math.min(190, width * 0.2);
  const routeWidth = Math.min(150, width * 0.16);
  const leaving = (name: string) => drawn.into.filter((flow) => flow.from === name);
  const arriving = (name: string) => drawn.into.filter((flow) => flow.to === name);
  const groupHeights = drawn.groups.map((group) => Math.max(LEAST, sumOf(leaving(group.name), most) + PAD));
  const appHeights = drawn.apps.map((app) =>
    Math.max(LEAST, sumOf(arriving(app.name), most) + PAD, (app.routes.length + (app.moreRoutes ? 1 : 0)) * ROUTE),
  );
  const total = (heights: number[]) => heights.reduce((sum, height) => sum + height + GAP, -GAP);
  const height = Math.max(total(groupHeights), total(appHeights), LEAST);
  const appX = width * 0.5 - boxWidth / 2 + 20;
  const groups = stacked(
    drawn.groups.map((group) => group.name),
    groupHeights,
    0,
    boxWidth,
    height,
  );
  const apps = stacked(
    drawn.apps.map((app) => app.name),
    appHeights,
    appX,
    boxWidth,
    height,
  );
  const routes = routeBoxes(drawn, apps, width - routeWidth, routeWidth);
  return {
    width,
    height,
    groups,
    apps,
    routes,
    into: intoBands(drawn, groups, apps, most),
    within: withinBands(drawn, apps, routes, most),
  };
}

function routeBoxes(drawn: Drawn, apps: Box[], x: number, width: number): Box[] {
  return drawn.apps.flatMap((app, index) => {
    const box = apps[index];
    if (!box) return [];
    const rows = app.routes.length + (app.moreRoutes ? 1 : 0);
    const top = box.y + (box.height - rows * ROUTE) / 2;
    return app.routes.map((route, row) => ({ key: route.name, x, y: top + row * ROUTE, width, height: ROUTE }));
  });
}

function intoBands(drawn: Drawn, groups: Box[], apps: Box[], most: number): Band[] {
  const from = new Map(groups.map((box, index) => [box.key, { box, index }]));
  const to = new Map(apps.map((box, index) => [box.key, { box, index }]));
  const order = (place: Map<string, { index: number }>, key: string) => place.get(key)?.index ?? 0;
  const left = new Sides(
    groups,
    totals(drawn.into, (flow) => flow.from, most),
  );
  const right = new Sides(
    apps,
    totals(drawn.into, (flow) => flow.to, most),
  );
  const starts = new Map<Flow, number>();
  for (const flow of [...drawn.into].sort((a, b) => order(to, a.to) - order(to, b.to)))
    starts.set(flow, left.take(flow.from, widthOf(flow.people, most)));
  return [...drawn.into]
    .sort((a, b) => order(from, a.from) - order(from, b.from))
    .flatMap((flow) => {
      const start = from.get(flow.from)?.box;
      const end = to.get(flow.to)?.box;
      if (!start || !end) return [];
      const width = widthOf(flow.people, most);
      return [band(flow, width, start.x + start.width, starts.get(flow) ?? start.y, end.x, right.take(flow.to, width))];
    });
}

function withinBands(drawn: Drawn, apps: Box[], routes: Box[], most: number): Band[] {
  const ends = new Map(routes.map((box) => [box.key, box]));
  const shown = drawn.within
    .filter((flow) => ends.has(flow.to))
    .sort((a, b) => (ends.get(a.to)?.y ?? 0) - (ends.get(b.to)?.y ?? 0));
  const side = new Sides(
    apps,
    totals(shown, (flow) => flow.from, most),
  );
  return shown.flatMap((flow) => {
    const start = apps.find((box) => box.key === flow.from);
    const end = ends.get(flow.to);
    if (!start || !end) return [];
    const width = Math.min(widthOf(flow.people, most), ROUTE - 6);
    return [band(flow, width, start.x + start.width, side.take(flow.from, width), end.x, end.y + end.height / 2)];
  });
}
