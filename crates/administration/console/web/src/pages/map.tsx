// Who can reach what, and on which condition: drawn, and the same as a table.

import { useEffect, useMemo, useState } from 'preact/hooks';

import { query } from '../api/client';
import type { AccessMap } from '../api/types';
import { useRead, useRested } from '../api/use';
import { refine, useAddress } from '../router';
import { AccessChip } from '../ui/chip';
import { Empty, Shown } from '../ui/notes';
import { Page } from '../ui/page';
import { count } from '../ui/words';
import { type Bounds, type Drawn, type Flow, strongest } from './map/aggregate';
import { Drawing } from './map/drawing';
import { Edges } from './map/edges';
import { Explained } from './map/explained';

const FEW: Bounds = { groups: 10, apps: 8, flows: 26, routes: 3 };
const MORE: Bounds = { groups: 24, apps: 20, flows: 80, routes: 4 };

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
    <Page
      title="Access map"
      wide
      aside={
        reading.value && (
          <span>{`${count(reading.value.groups.length, 'group')}, ${count(reading.value.apps.length, 'app')}`}</span>
        )
      }
      lead="Who can reach what, and on what condition. Widths are numbers of people."
    >
      <div class="filters" role="search" aria-label="Filter the map">
        <input
          class="filter wide-filter"
          type="search"
          aria-label="Group, app, route, condition or tag"
          placeholder="Group, app, route, tag:crown-jewel"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
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
              <p>
                A line appears for each group that a policy lets into an app. Strangers have lines of their own where a
                policy names them.
              </p>
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

function Picture({
  map,
  bounds,
  more,
  fewer,
}: {
  map: AccessMap;
  bounds: Bounds;
  more: () => void;
  fewer: () => void;
}) {
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

function Left({
  drawn,
  incomplete,
  bounds,
  more,
  fewer,
}: {
  drawn: Drawn;
  incomplete: boolean;
  bounds: Bounds;
  more: () => void;
  fewer: () => void;
}) {
  const { left } = drawn;
  return (
    <div class="map-left">
      <p class="small">
        {left.flows === 0
          ? 'Everything is drawn.'
          : `The strongest are drawn. ${count(left.groups, 'more group')}, ${count(left.apps, 'more app')} and ${count(left.flows, 'more connection')} are in the table; filter to draw them.`}
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
