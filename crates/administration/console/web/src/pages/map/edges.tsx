// The map as a table.

import { useMemo, useState } from 'preact/hooks';

import type { AccessMap, MapEdge } from '../../api/types';
import { at } from '../../router';
import { AccessChip } from '../../ui/chip';
import { More } from '../../ui/more';
import { PolicyIds } from '../../ui/policies';
import { type Column, Table } from '../../ui/table';
import { listed, people } from '../../ui/words';

const ROWS = 100;

export function Edges({ map }: { map: AccessMap }) {
  const [shown, setShown] = useState(ROWS);
  const edges = useMemo(
    () => [...map.edges].sort((a, b) => Number(a.group !== null) - Number(b.group !== null) || b.people - a.people),
    [map],
  );
  return (
    <>
      <Table
        caption="Who can reach what"
        columns={COLUMNS}
        rows={edges.slice(0, shown)}
        id={(edge) => `${edge.group} ${edge.route} ${edge.because.join()}`}
      />
      <More shown={shown} of={edges.length} what="ways" show={setShown} step={ROWS} />
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
