// Clients of the authorisation server: apps that people sign in to through Gatewright, and programs.

import { useMay } from '../api/me';
import type { Client, List } from '../api/types';
import { useAll } from '../api/use-all';
import { at } from '../router';
import { Empty, Shown } from '../ui/notes';
import { Page } from '../ui/page';
import { type Column, Table } from '../ui/table';
import { StateChip, shows } from './client/state';
import { InviteLink } from './invitations';

export function ClientsPage() {
  const reading = useAll<List<Client>>('/v1/clients');
  const mayInvite = useMay('admin.client.change');
  return (
    <Page
      title="Clients"
      wide
      lead="Apps that people sign in to through Gatewright, and programs that ask it for tokens."
      aside={
        <div class="buttons">
          <a class="button" href="/invitations">
            Invitations
          </a>
          {mayInvite && <InviteLink />}
        </div>
      }
    >
      <Shown reading={reading}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No client yet">
              <p>
                Apps behind Gatewright need none. A <code>[[client]]</code> in the configuration file lets an app that
                speaks OpenID Connect sign people in here, and a program ask for tokens. By an invitation, one registers
                itself.
              </p>
            </Empty>
          ) : (
            <Table caption="Clients" columns={COLUMNS} rows={items} id={(client) => client.name} busy={reading.busy} />
          )
        }
      </Shown>
    </Page>
  );
}

const COLUMNS: Column<Client>[] = [
  {
    title: 'Client',
    kind: 'main',
    cell: (client) => (
      <>
        <a class="strong" href={at('clients', client.name)}>
          {client.title}
        </a>
        <span class="under">{client.name}</span>
      </>
    ),
  },
  {
    title: 'App',
    cell: (client) =>
      client.app ? <a href={at('apps', client.app)}>{client.app}</a> : <span class="soft">none: a program</span>,
  },
  { title: 'Shows who it is', cell: (client) => (client.saml ? 'speaks SAML' : shows(client.registration)) },
  { title: 'State', cell: (client) => <StateChip client={client} /> },
];
