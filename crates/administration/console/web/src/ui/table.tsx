// A table that becomes a list of cards on a phone; its roles are said, since its layout changes.

import type { ComponentChildren } from 'preact';

export interface Column<T> {
  title: string;
  cell: (row: T) => ComponentChildren;
  /** `main` names the row; `number` is set to the right; on a phone, `line` has one of its own, and `quiet` is left away. */
  kind?: 'main' | 'number' | 'line' | 'quiet' | 'actions';
  /** What a number counts, said behind it where there is no head: "2 routes". */
  unit?: (row: T) => string;
}

interface Table<T> {
  caption: string;
  columns: Column<T>[];
  rows: T[];
  id: (row: T) => string;
  busy?: boolean;
}

export function Table<T>({ caption, columns, rows, id, busy = false }: Table<T>) {
  return (
    <div class="card table-box">
      <table role="table" class="rows" aria-busy={busy}>
        <caption class="hidden">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th key={column.title} role="columnheader" scope="col" class={column.kind}>
                {column.kind === 'actions' ? <span class="hidden">{column.title}</span> : column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr role="row" key={id(row)}>
              {columns.map((column) => (
                <td
                  key={column.title}
                  role={column.kind === 'main' ? 'rowheader' : 'cell'}
                  class={column.kind}
                  data-unit={column.unit?.(row)}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
