// Providers of identities: where else people sign in.

import type { List, Provider } from '../api/types';
import { useAll } from '../api/use-all';
import { at } from '../router';
import { Empty, Shown } from '../ui/notes';
import { Page } from '../ui/page';
import { type Column, Table } from '../ui/table';
import { number, unit } from '../ui/words';
import { StateChip } from './provider/state';

export function ProvidersPage() {
  const reading = useAll<List<Provider>>('/v1/providers');
  return (
    <Page
      title="Providers"
      wide
      lead="Where people sign in who live in another identity provider, and what its word counts for here."
    >
      <Shown reading={reading}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No provider yet">
              <p>
                People sign in here by links and passkeys. A <code>[[provider]]</code> in the configuration file lets
                them sign in by another identity provider as well.
              </p>
            </Empty>
          ) : (
            <Table
              caption="Providers"
              columns={COLUMNS}
              rows={items}
              id={(provider) => provider.name}
              busy={reading.busy}
            />
          )
        }
      </Shown>
    </Page>
  );
}

const COLUMNS: Column<Provider>[] = [
  {
    title: 'Provider',
    kind: 'main',
    cell: (provider) => (
      <>
        <a class="strong" href={at('providers', provider.name)}>
          {provider.title}
        </a>
        <span class="under">{provider.name}</span>
      </>
    ),
  },
  { title: 'Issuer', cell: (provider) => <code>{provider.issuer}</code> },
  { title: 'State', cell: (provider) => <StateChip provider={provider} /> },
  {
    title: 'People',
    kind: 'number',
    unit: (provider) => unit(provider.linked, 'person', 'people'),
    cell: (provider) => number(provider.linked),
  },
  {
    title: 'Open sessions',
    kind: 'number',
    unit: (provider) => unit(provider.sessions, 'open session'),
    cell: (provider) => number(provider.sessions),
  },
];
