// One person: who they are, how they prove it, where they are signed in, what they reach and why.

import { useState } from 'preact/hooks';

import { useChange } from '../api/change';
import { api, query, to } from '../api/client';
import { Permitted, useBeyond, useMay, useWay, useWayWith } from '../api/me';
import { useRefusal } from '../api/refused';
import type { Lease, List, UserInFull } from '../api/types';
import { useRead } from '../api/use';
import { at, go } from '../router';
import { Act } from '../ui/act';
import { say } from '../ui/announce';
import { Chip } from '../ui/chip';
import { Id } from '../ui/copy';
import { Confirm } from '../ui/dialog';
import { verb } from '../ui/finish';
import { Shown } from '../ui/notes';
import { OwnedElsewhere } from '../ui/owner';
import { Page, Section } from '../ui/page';
import { count, number } from '../ui/words';
import { FactorRows } from './person/factors';
import { GroupRows } from './person/groups';
import { Identities } from './person/identities';
import { Links } from './person/links';
import { Reach } from './person/reach';
import { PersonDetails } from './person/details';
import { PersonSessions } from './person/sessions';

export function PersonPage({ name }: { name: string }) {
  const reading = useRead<UserInFull>(to('users', name));
  const user = reading.value;
  return (
    <Page
      title={user?.display_name || name}
      above={<a href="/people">People</a>}
      aside={user && <PersonActions user={user} again={reading.again} />}
    >
      <Shown reading={reading}>
        {(user) => (
          <>
            <p class="lead chips">
              {user.disabled ? (
                <Chip tone="deny" mark="✕">
                  disabled
                </Chip>
              ) : (
                <Chip tone="allow" mark="✓">
                  active
                </Chip>
              )}
              <span>{user.name}</span>
              {user.email && <span>{user.email}</span>}
              <Id>{user.id}</Id>
            </p>
            <OwnedElsewhere kind="person" by={user.managed_by} />
            <Beyond user={user} />
            <Section id="groups" title="Groups">
              <GroupRows user={user} again={reading.again} />
            </Section>
            <Section id="factors" title="How they prove who they are">
              <FactorRows user={user} again={reading.again} />
              <Identities user={user} again={reading.again} />
              <Links user={user} />
            </Section>
            <Section
              id="sessions"
              title="Signed in"
              aside={
                <a class="small" href={`/decisions${query({ user: user.name })}`}>
                  Their decisions, live
                </a>
              }
            >
              <PersonSessions user={user.name} again={reading.again} />
            </Section>
            <Section
              id="reach"
              title="What they can reach, and why"
              aside={
                <a class="small" href={`/ask${query({ user: user.name })}`}>
                  Ask about one request
                </a>
              }
            >
              <Permitted action="admin.explain" to="see what people reach">
                <Reach user={user.name} />
              </Permitted>
            </Section>
            <Section id="details" title="Details">
              <PersonDetails user={user} again={reading.again} />
            </Section>
          </>
        )}
      </Shown>
    </Page>
  );
}

/** Said once, for all the buttons that it closes. */
function Beyond({ user }: { user: UserInFull }) {
  const [mayChange, mayLink] = [useMay('admin.user.change'), useMay('admin.user.link')];
  const beyond = useBeyond(user);
  if (beyond === undefined || !(mayChange || mayLink)) return null;
  return (
    <p class="note">
      <Chip tone="plain">an owner's to change</Chip>
      <span class="soft">{beyond}</span>
    </p>
  );
}

function PersonActions({ user, again }: { user: UserInFull; again: () => void }) {
  const [asked, setAsked] = useState<'disable' | 'enable' | 'remove'>();
  const way = useWay('admin.user.change');
  const wayWith = useWayWith(user);
  const beyond = useBeyond(user);
  // Switching off is for emergencies, and judged by policy alone.
  const notOff = useRefusal(`disable ${user.id}`);
  const notOn = useRefusal(`enable ${user.id}`);
  const notAway = useRefusal(`remove ${user.id}`);
  if (!way)
    return (
      <Permitted action="admin.user.change" to="change people">
        {null}
      </Permitted>
    );
  const close = () => setAsked(undefined);
  return (
    <div class="buttons">
      {user.disabled ? (
        <Act why={beyond ?? notOn} onClick={() => setAsked('enable')}>
          {verb(wayWith, 'Enable')}
        </Act>
      ) : (
        <Act class="button danger" why={notOff} onClick={() => setAsked('disable')}>
          {verb(way, 'Disable')}
        </Act>
      )}
      {user.disabled && (
        <Act class="button danger" why={beyond ?? notAway} onClick={() => setAsked('remove')}>
          {verb(wayWith, 'Remove')}
        </Act>
      )}
      {asked === 'disable' && <Disable user={user} close={close} again={again} />}
      {asked === 'enable' && <Enable user={user} close={close} again={again} />}
      {asked === 'remove' && <Remove user={user} close={close} />}
    </div>
  );
}

interface Asked {
  user: UserInFull;
  close: () => void;
  again: () => void;
}

/** Says what is touched, with numbers, before it is. */
function Disable({ user, close, again }: Asked) {
  const doing = useChange('admin.user.change', { refusal: `disable ${user.id}` });
  const leases = useRead<List<Lease>>(`/v1/leases${query({ user: user.name, limit: 1 })}`);
  const open = leases.value?.total ?? leases.value?.items.length;
  const disable = async () => {
    if (!(await doing.run((how) => api.post(`${to('users', user.id)}/disable`, {}, how)))) return;
    say(`${user.name} is disabled`);
    close();
    again();
  };
  return (
    <Confirm
      title={`Disable ${user.display_name || user.name}?`}
      action={`Disable ${user.name}`}
      danger
      ready={!leases.busy}
      doing={doing}
      close={close}
      onConfirm={disable}
    >
      <p>
        Ends {count(user.sessions, 'session')} and {open === undefined ? 'all that is open' : count(open, 'open lease')}{' '}
        at once: pages that load, downloads, WebSockets.
      </p>
      <p>They cannot sign in again until somebody enables them. Groups, passkeys and recovery codes are kept.</p>
    </Confirm>
  );
}

function Enable({ user, close, again }: Asked) {
  const doing = useChange('admin.user.change', { way: useWayWith(user), refusal: `enable ${user.id}` });
  const enable = async () => {
    if (!(await doing.run((how) => api.post(`${to('users', user.id)}/enable`, {}, how)))) return;
    say(`${user.name} is enabled`);
    close();
    again();
  };
  return (
    <Confirm
      title={`Enable ${user.display_name || user.name}?`}
      action={`Enable ${user.name}`}
      doing={doing}
      close={close}
      onConfirm={enable}
    >
      <p>
        They can sign in again with what they have ({count(user.factors.length, 'factor')}) and are in{' '}
        {count(user.all_groups.length, 'group')} as before. No session comes back by itself.
      </p>
    </Confirm>
  );
}

function Remove({ user, close }: Omit<Asked, 'again'>) {
  const doing = useChange('admin.user.change', { way: useWayWith(user), refusal: `remove ${user.id}` });
  const remove = async () => {
    if (!(await doing.run((how) => api.remove(to('users', user.id), { over: user.version, ...how })))) return;
    say(`${user.name} is removed`);
    go('/people');
  };
  return (
    <Confirm
      title={`Remove ${user.display_name || user.name}?`}
      action={`Remove ${user.name}`}
      danger
      doing={doing}
      close={close}
      onConfirm={remove}
    >
      <p>
        Takes away {count(user.factors.length, 'factor')} and {number(user.groups.length)} memberships for good. A new
        person of the same name is somebody else and inherits nothing. What they did stays in the ledger.
      </p>
    </Confirm>
  );
}

/** Where a person is named: a link to them, or the words for who is nobody. */
export function PersonLink({ name }: { name: string | undefined }) {
  return name === undefined ? <span class="soft">a stranger</span> : <a href={at('people', name)}>{name}</a>;
}
