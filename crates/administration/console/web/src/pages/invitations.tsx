// Invitations by which clients may still be registered: what each allows, who made it, and taking one back.

import { useState } from 'preact/hooks';

import { api, to } from '../api/client';
import { useMay } from '../api/me';
import type { Invitation, List } from '../api/types';
import { useDoing } from '../api/use';
import { useAll } from '../api/use-all';
import { at } from '../router';
import { say } from '../ui/announce';
import { Confirm } from '../ui/dialog';
import { Empty, Shown } from '../ui/notes';
import { Page } from '../ui/page';
import { type Column, Table } from '../ui/table';
import { Time } from '../ui/time';
import { count, listed, number, unit } from '../ui/words';
import { grantWords } from './invitations/grants';

export function InvitationsPage() {
  const reading = useAll<List<Invitation>>('/v1/invitations');
  const [asked, setAsked] = useState<Invitation>();
  const mayInvite = useMay('admin.client.change');
  const mayTakeBack = useMay('admin.client.suspend');
  // Read again in any case: one that could not be taken back may be used up or over.
  const close = () => {
    setAsked(undefined);
    reading.again();
  };
  return (
    <Page
      title="Invitations"
      wide
      above={<a href="/clients">Clients</a>}
      lead="By these, somebody may still register a client by themselves. Their tokens were shown once, and are not shown here."
      aside={mayInvite && <InviteLink />}
    >
      <Shown reading={reading}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No invitation is open">
              <p>
                An invitation lets somebody register a client by themselves (RFC 7591), so that no configuration file is
                changed for it: it says for which app and hosts, how often, and until when. Make one, and give its token
                to whoever runs the program. What registered is listed below Clients.
              </p>
            </Empty>
          ) : (
            <Table
              caption="Invitations"
              columns={columns(mayTakeBack ? setAsked : undefined)}
              rows={items}
              id={(invitation) => invitation.id}
              busy={reading.busy}
            />
          )
        }
      </Shown>
      {asked && <TakeBack invitation={asked} close={close} />}
    </Page>
  );
}

export function InviteLink() {
  return (
    <a class="button first" href="/invitations/add">
      Invite a client
    </a>
  );
}

function columns(takeBack: ((invitation: Invitation) => void) | undefined): Column<Invitation>[] {
  if (!takeBack) return COLUMNS;
  return [
    ...COLUMNS,
    {
      title: 'Take back',
      kind: 'actions',
      cell: (invitation) => (
        <button type="button" class="button small-button danger" onClick={() => takeBack(invitation)}>
          Take back<span class="hidden"> {invitation.id}</span>
        </button>
      ),
    },
  ];
}

const COLUMNS: Column<Invitation>[] = [
  {
    title: 'Invitation',
    kind: 'main',
    cell: (invitation) => (
      <>
        {invitation.app ? (
          <>
            To sign in to{' '}
            <a class="strong" href={at('apps', invitation.app)}>
              {invitation.app}
            </a>
          </>
        ) : (
          <span class="strong">For a program</span>
        )}
        <span class="under">
          <code>{invitation.id}</code>
        </span>
      </>
    ),
  },
  { title: 'Allows', kind: 'line', cell: (invitation) => <Allows invitation={invitation} /> },
  {
    title: 'Made by',
    cell: (invitation) => (
      <>
        <span class="phone-label">made by </span>
        {invitation.made_by ?? <span class="soft">not known</span>}
        {invitation.made_at !== undefined && (
          <span class="under">
            <Time at={invitation.made_at} />
          </span>
        )}
      </>
    ),
  },
  {
    title: 'Left',
    kind: 'number',
    unit: (invitation) => unit(invitation.left, 'client left', 'clients left'),
    cell: (invitation) => number(invitation.left),
  },
  {
    title: 'Ends',
    cell: (invitation) => (
      <>
        <span class="phone-label">ends </span>
        <Time at={invitation.expires} />
      </>
    ),
  },
];

function Allows({ invitation }: { invitation: Invitation }) {
  return (
    <>
      {listed(invitation.grants.map(grantWords))}
      {invitation.proof_key_optional && '; codes need no proof key'}
      {invitation.hosts.length > 0 && <span class="under">on {listed(invitation.hosts, 'or')}</span>}
      <span class="under">{listed(invitation.scopes)}</span>
    </>
  );
}

function TakeBack({ invitation, close }: { invitation: Invitation; close: () => void }) {
  const doing = useDoing();
  const { id, left } = invitation;
  const takeBack = async () => {
    if (!(await doing.run(() => api.remove(to('invitations', id))))) return;
    say(`The invitation ${id} is taken back`);
    close();
  };
  return (
    <Confirm
      title="Take this invitation back?"
      action="Take it back"
      danger
      doing={doing}
      close={close}
      onConfirm={takeBack}
    >
      <p>
        Its token is worth nothing from then on: nobody registers by <code>{id}</code> any more, which was good for{' '}
        {count(left, 'more client')}.
      </p>
      <p>Clients that registered by it stay. Each is suspended or removed on its own page.</p>
    </Confirm>
  );
}
