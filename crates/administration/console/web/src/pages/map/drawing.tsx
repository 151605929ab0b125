// The map as a picture: boxes and bands, each band a button that explains itself.

import { useEffect, useRef, useState } from 'preact/hooks';

import { refine } from '../../router';
import { visible } from '../../ui/visible';
import { number, people } from '../../ui/words';
import { type Drawn, type Flow, STRANGERS } from './aggregate';
import { type Band, type Box, layout } from './layout';
import { routeSentence, sentence } from './words';

const LEAST_WIDTH = 720;

interface Drawing {
  drawn: Drawn;
  chosen: Flow | undefined;
  choose: (flow: Flow) => void;
}

export function Drawing({ drawn, chosen, choose }: Drawing) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(LEAST_WIDTH);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const watch = new ResizeObserver(() => setWidth(Math.max(LEAST_WIDTH, element.clientWidth - 2)));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const placed = layout(drawn, width);
  const labels = new Map(drawn.apps.flatMap((app) => app.routes.map((route) => [route.name, route.label])));
  return (
    <div class="map-box" ref={box} tabIndex={0} role="region" aria-label="The map, drawn">
      <svg
        class="map"
        width={placed.width}
        height={placed.height + 4}
        viewBox={`-1 -2 ${placed.width + 2} ${placed.height + 4}`}
        role="group"
        aria-label="From people and groups on the left to apps and their routes on the right"
      >
        <defs>
          <pattern id="condition" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect class="condition-ground" width="7" height="7" />
            <rect class="condition-stripe" width="2.4" height="7" />
          </pattern>
        </defs>
        {placed.into.map((band) => (
          <Flowing
            key={`${band.flow.from} ${band.flow.to}`}
            band={band}
            words={sentence(band.flow)}
            chosen={band.flow === chosen}
            dimmed={dimmed(chosen, band.flow)}
            choose={choose}
          />
        ))}
        {placed.within.map((band) => (
          <Flowing
            key={`${band.flow.from} ${band.flow.to}`}
            band={band}
            words={routeSentence(band.flow, labels.get(band.flow.to) ?? band.flow.to)}
            chosen={band.flow === chosen}
            dimmed={dimmed(chosen, band.flow)}
            choose={choose}
          />
        ))}
        {drawn.groups.map((group, index) => (
          <Node
            key={group.name}
            box={placed.groups[index]}
            title={group.strangers ? 'Strangers' : group.name}
            under={group.strangers ? 'without signing in' : people(group.people)}
            kind={group.strangers ? 'strangers' : ''}
            find={group.strangers ? 'strangers' : group.name}
          />
        ))}
        {drawn.apps.map((app, index) => (
          <Node
            key={app.name}
            box={placed.apps[index]}
            title={app.title}
            under={app.people > 0 ? `${number(app.people)} may` : 'open'}
            kind=""
            find={app.name}
          />
        ))}
        {placed.routes.map((route) => (
          <text
            key={route.key}
            class="map-route"
            x={route.x + 10}
            y={route.y + route.height / 2}
            dominant-baseline="central"
          >
            {cut(labels.get(route.key) ?? route.key, (route.width - 10) / 8)}
          </text>
        ))}
        {drawn.apps.map((app, index) => {
          const last = placed.apps[index];
          const rows = app.routes.length + 1;
          if (!app.moreRoutes || !last) return null;
          return (
            <text
              key={app.name}
              class="map-more"
              x={placed.width - Math.min(150, placed.width * 0.16) + 10}
              y={last.y + last.height / 2 + (rows / 2 - 0.5) * 30}
              dominant-baseline="central"
            >
              and {app.moreRoutes} more
            </text>
          );
        })}
      </svg>
    </div>
  );
}

const dimmed = (chosen: Flow | undefined, flow: Flow): boolean =>
  chosen !== undefined && chosen !== flow && chosen.to !== flow.from && chosen.from !== flow.to;

function cut(given: string, characters: number): string {
  const text = visible(given);
  return text.length > characters ? `${text.slice(0, Math.max(1, Math.floor(characters) - 1))}…` : text;
}

interface Flowing {
  band: Band;
  words: string;
  chosen: boolean;
  dimmed: boolean;
  choose: (flow: Flow) => void;
}

function Flowing({ band, words, chosen, dimmed, choose }: Flowing) {
  const { flow } = band;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    choose(flow);
  };
  return (
    <g
      class={`flow ${flow.access}${flow.from === STRANGERS ? ' from-strangers' : ''}${chosen ? ' chosen' : ''}${dimmed ? ' dimmed' : ''}`}
      role="button"
      tabIndex={0}
      aria-label={words}
      aria-pressed={chosen}
      onFocus={() => choose(flow)}
      onClick={() => choose(flow)}
      onKeyDown={onKeyDown}
    >
      <path class="flow-reach" d={band.path} />
      <path class="flow-band" d={band.path} />
      <title>{words}</title>
    </g>
  );
}

function Node({
  box,
  title,
  under,
  kind,
  find,
}: {
  box: Box | undefined;
  title: string;
  under: string;
  kind: string;
  find: string;
}) {
  if (!box) return null;
  const characters = (box.width - 26) / 9.4;
  return (
    <a
      class={`map-node ${kind}`}
      href={`/map?q=${encodeURIComponent(find)}`}
      onClick={(event) => {
        event.preventDefault();
        refine({ q: find });
      }}
    >
      <rect x={box.x} y={box.y} width={box.width} height={box.height} rx="10" />
      <text class="map-title" x={box.x + 14} y={box.y + box.height / 2 - 9} dominant-baseline="central">
        {cut(title, characters)}
      </text>
      <text class="map-under" x={box.x + 14} y={box.y + box.height / 2 + 10} dominant-baseline="central">
        {cut(under, characters * 1.45)}
      </text>
      <title>{`${title}, ${under}: show only this`}</title>
    </a>
  );
}
