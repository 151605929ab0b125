// Switching a client off and on, taking back its tokens, and removing one that registered itself: what each does is
// said before it is done.

import { useState } from 'preact/hooks';

import { useChange } from '../../api/change';
import { api, to } from '../../api/client';
import { useWay } from '../../api/me';
import type { Client } from '../../api/types';
import { go } from '../../router';
import { Act } from '../../ui/act';
import { say } from '../../ui/announce';
import { Confirm } from '../../ui/dialog';
import { verb } from '../../ui/finish';

interface Asked {
  client: Client;
  close: () => void;
  again: () => void;
}

export function ClientActions({ client, again }: Omit<Asked, 'close'>) {
  const [asked, setAsked] = useState<'suspend' | 'resume' | 'revoke' | 'remove'>();
  const [off, change] = [useWay('admin.client.suspend'), useWay('admin.client.change')];
  const close = () => setAsked(undefined);
  return (
    <div class="buttons">
      {off && (
        <Act class="button danger" why={undefined} onClick={() => setAsked('revoke')}>
          {verb(off, 'Take back its tokens')}
        </Act>
      )}
      {client.suspended
        ? change && (
            <Act why={undefined} onClick={() => setAsked('resume')}>
              {verb(change, 'Resume')}
            </Act>
          )
        : off && (
            <Act class="button danger" why={undefined} onClick={() => setAsked('suspend')}>
              {verb(off, 'Suspend')}
            </Act>
          )}
      {client.owner === 'itself' && change && (
        <Act class="button danger" why={undefined} onClick={() => setAsked('remove')}>
          {verb(change, 'Remove')}
        </Act>
      )}
      {asked === 'suspend' && <Suspend client={client} close={close} again={again} />}
      {asked === 'resume' && <Resume client={client} close={close} again={again} />}
      {asked === 'revoke' && <Revoke client={client} close={close} again={again} />}
      {asked === 'remove' && <Remove client={client} close={close} />}
    </div>
  );
}

function Suspend({ client, close, again }: Asked) {
  const doing = useChange('admin.client.suspend');
  const suspend = async () => {
    if (!(await doing.run((how) => api.post(`${to('clients', client.name)}/suspend`, {}, how)))) return;
    say(`${client.title} is suspended`);
    close();
    again();
  };
  return (
    <Confirm
      title={`Suspend ${client.title}?`}
      action={`Suspend ${client.name}`}
      danger
      doing={doing}
      close={close}
      onConfirm={suspend}
    >
      <p>
        It is given no tokens from now on, and none that it has counts: what is open on one ends at once. Nobody signs
        in through it.
      </p>
      <p>It stays off, whatever the file says, until it is resumed.</p>
    </Confirm>
  );
}

function Resume({ client, close, again }: Asked) {
  const doing = useChange('admin.client.change');
  const resume = async () => {
    const change = (how: { propose?: string }) =>
      api.post(`${to('clients', client.name)}/resume`, {}, { over: client.version, ...how });
    if (!(await doing.run(change))) return;
    say(`${client.title} is no longer suspended`);
    close();
    again();
  };
  return (
    <Confirm
      title={`Resume ${client.title}?`}
      action={`Resume ${client.name}`}
      doing={doing}
      close={close}
      onConfirm={resume}
    >
      {client.state === 'off' ? (
        <p>The configuration file has it off, or does not name it any more: it is given no tokens all the same.</p>
      ) : (
        <p>It is given tokens again, and those that it still has count again. Take them back first if they must not.</p>
      )}
    </Confirm>
  );
}

function Revoke({ client, close, again }: Asked) {
  const doing = useChange('admin.client.suspend');
  const revoke = async () => {
    if (!(await doing.run((how) => api.remove(`${to('clients', client.name)}/tokens`, how)))) return;
    say(`The tokens of ${client.title} are taken back`);
    close();
    again();
  };
  return (
    <Confirm
      title={`Take back every token of ${client.title}?`}
      action="Take them back"
      danger
      doing={doing}
      close={close}
      onConfirm={revoke}
    >
      <p>
        Every token that it has is worth nothing from now on, and what is open on one ends at once. It is given new ones
        as before: people sign in to it anew.
      </p>
    </Confirm>
  );
}

function Remove({ client, close }: Omit<Asked, 'again'>) {
  const doing = useChange('admin.client.change');
  const remove = async () => {
    const change = (how: { propose?: string }) =>
      api.remove(to('clients', client.name), { over: client.version, ...how });
    if (!(await doing.run(change))) return;
    say(`${client.title} is removed`);
    go('/clients');
  };
  return (
    <Confirm
      title={`Remove ${client.title}?`}
      action={`Remove ${client.name}`}
      danger
      doing={doing}
      close={close}
      onConfirm={remove}
    >
      <p>
        It registered itself, and is gone for good: every token that it has is worth nothing from now on, and what is
        open on one ends at once. To come back, it registers anew, by another invitation.
      </p>
    </Confirm>
  );
}
