// Who can reach what, and on which condition: drawn, and the same as a table.

import { useEffect, useMemo, useState } from 'preact/hooks';

import { query } from '../api/client';
import type { AccessMap, MapEdge } from '../api/types';
import { useRead, useRested } from '../api/use';
import { at, refine, useAddress } from '../router';
import { AccessChip } from '../ui/chip';
import { Empty, Shown } from '../ui/notes';
import { Page } from '../ui/page';
import { PolicyIds } from '../ui/policies';
import { type Column, Table } from '../ui/table';
import { count, listed, number, people } from '../ui/words';
import { type Bounds, type Drawn, type Flow, STRANGERS, strongest } from './map/aggregate';
import { Drawing } from './map/drawing';
import { routeSentence, sentence } from './map/words';

const FEW: Bounds = { groups: 10, apps: 8, flows: 26, routes: 3 };
const MORE: Bounds = { groups: 24, apps: 20, flows: 80, routes: 4 };
const ROWS = 100;

/** Strangers are no group, and no name for the server to search. */
const ONLY_STRANGERS = 'strangers';

export function MapPage() {
  const { search } = useAddress();
  const asked = search.get('q') ?? '';
  const [typed, setTyped] = useState(asked);
  const rested = useRested(typed.trim(), 250);
  useEffect(() => refine({ q: rested }), [rested]);
  useEffect(() => setTyped(asked), [asked]);
  const reading = useRead<AccessMap>(`/v1/map${query({ q: asked === ONLY_STRANGERS ? '' : asked })}`);
  const [bounds, setBounds] = useState(FEW);
  const [way, setWay] = useState(matchMedia('(max-width: 720px)').matches ? 'table' : 'drawn');
  return (
    <Page title="Access map" wide aside={reading.value && <span>{`${count(reading.value.groups.length, 'group')}, ${count(reading.value.apps.length, 'app')}`}</span>} lead="Who can reach what, and on what condition. Widths are numbers of people.">
      <div class="filters" role="search" aria-label="Filter the map">
        <input class="filter wide-filter" type="search" aria-label="Group, app, route, condition or tag" placeholder="Group, app, route, tag:crown-jewel" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
        <span class="legend">
          <AccessChip access="always" />
          <span class="chip step striped">
            <span aria-hidden="true">↑</span>on a condition
          </span>
        </span>
        <span class="spring" />
        <fieldset class="segments">
          <legend class="hidden">Shown as</legend>
          {[
            ['drawn', 'drawn'],
            ['table', 'as a table'],
          ].map(([value = '', words]) => (
            <label key={value} class="segment">
              <input type="radio" name="way" value={value} checked={way === value} onChange={() => setWay(value)} />
              <span>{words}</span>
            </label>
          ))}
        </fieldset>
      </div>
      <Shown reading={reading}>
        {(whole) => {
          const map = asked === ONLY_STRANGERS ? ofStrangers(whole) : whole;
          return map.edges.length === 0 ? (
            <Empty title={asked ? 'Nothing on the map matches' : 'Nobody can reach anything yet'}>
              <p>A line appears for each group that a policy lets into an app. Strangers have lines of their own where a policy names them.</p>
            </Empty>
          ) : way === 'drawn' ? (
            <Picture map={map} bounds={bounds} more={() => setBounds(MORE)} fewer={() => setBounds(FEW)} />
          ) : (
            <Edges map={map} />
          );
        }}
      </Shown>
    </Page>
  );
}

function ofStrangers(map: AccessMap): AccessMap {
  const edges = map.edges.filter((edge) => edge.group === null);
  const apps = new Set(edges.map((edge) => edge.app));
  return { ...map, groups: [], apps: map.apps.filter((app) => apps.has(app.name)), edges };
}

function Picture({ map, bounds, more, fewer }: { map: AccessMap; bounds: Bounds; more: () => void; fewer: () => void }) {
  const drawn = useMemo(() => strongest(map, bounds), [map, bounds]);
  const [chosen, setChosen] = useState<Flow>();
  useEffect(() => setChosen(undefined), [drawn]);
  return (
    <>
      <Explained drawn={drawn} flow={chosen} />
      <Drawing drawn={drawn} chosen={chosen} choose={setChosen} />
      <Left drawn={drawn} incomplete={map.incomplete} bounds={bounds} more={more} fewer={fewer} />
    </>
  );
}

function Left({ drawn, incomplete, bounds, more, fewer }: { drawn: Drawn; incomplete: boolean; bounds: Bounds; more: () => void; fewer: () => void }) {
  const { left } = drawn;
  return (
    <div class="map-left">
      <p class="small">
        {left.flows === 0 ? 'Everything is drawn.' : `The strongest are drawn. ${count(left.groups, 'more group')}, ${count(left.apps, 'more app')} and ${count(left.flows, 'more connection')} are in the table; filter to draw them.`}
        {incomplete && ' Not everything could be worked out within the time.'}
      </p>
      {bounds === MORE ? (
        <button type="button" class="button small-button" onClick={fewer}>
          Draw fewer
        </button>
      ) : (
        left.flows > 0 && (
          <button type="button" class="button small-button" onClick={more}>
            Draw more
          </button>
        )
      )}
    </div>
  );
}

/** What the chosen line means: the sentence, the condition, the policies. */
function Explained({ drawn, flow }: { drawn: Drawn; flow: Flow | undefined }) {
  if (!flow) return <p class="explained soft">Choose a line to read what it means and which policies make it.</p>;
  const app = drawn.apps.find((candidate) => candidate.name === flow.from);
  const route = app?.routes.find((candidate) => candidate.name === flow.to);
  return (
    <div class="explained card">
      <p>
        <AccessChip access={flow.access} /> <span class="strong">{app && route ? routeSentence(flow, route.label) : sentence(flow)}</span>
      </p>
      <p class="small">
        Because of <PolicyIds ids={flow.because} />
      </p>
      <p class="small links">
        {!app && flow.from !== STRANGERS && <a href={at('groups', flow.from)}>The group {flow.from}</a>}
        <a href={at('apps', app ? flow.from : flow.to)}>The app {app ? flow.from : flow.to}</a>
        {!app && flow.routes.length > 0 && (
          <span>
            {count(flow.routes.length, 'route')}: {listed(flow.routes.slice(0, 4))}
          </span>
        )}
      </p>
    </div>
  );
}

function Edges({ map }: { map: AccessMap }) {
  const [shown, setShown] = useState(ROWS);
  const edges = useMemo(() => [...map.edges].sort((a, b) => Number(a.group !== null) - Number(b.group !== null) || b.people - a.people), [map]);
  return (
    <>
      <Table caption="Who can reach what" columns={COLUMNS} rows={edges.slice(0, shown)} id={(edge) => `${edge.group} ${edge.route} ${edge.because.join()}`} />
      {edges.length > shown && (
        <p class="pager">
          <span class="soft">
            {number(shown)} of {number(edges.length)}
          </span>
          <button type="button" class="button small-button" onClick={() => setShown(shown + ROWS)}>
            Show more
          </button>
        </p>
      )}
    </>
  );
}

const COLUMNS: Column<MapEdge>[] = [
  {
    title: 'Who',
    kind: 'main',
    cell: (edge) =>
      edge.group === null ? (
        <>
          <span class="strong">Strangers</span>
          <span class="under">without signing in</span>
        </>
      ) : (
        <>
          <a class="strong" href={at('groups', edge.group)}>
            {edge.group}
          </a>
          <span class="under">{people(edge.people)}</span>
        </>
      ),
  },
  {
    title: 'App',
    cell: (edge) => <a href={at('apps', edge.app)}>{edge.app}</a>,
  },
  { title: 'Route', cell: (edge) => <code>{edge.route}</code> },
  {
    title: 'Access',
    cell: (edge) => (
      <>
        <AccessChip access={edge.access} />
        {edge.conditions.length > 0 && <span class="under">needs {listed(edge.conditions)}</span>}
      </>
    ),
  },
  { title: 'Because', kind: 'quiet', cell: (edge) => <PolicyIds ids={edge.because} /> },
];
