// One group: who is in it, which groups it is in.

import { useState } from 'preact/hooks';

import { useChange } from '../api/change';
import { api, query, to } from '../api/client';
import { useWay } from '../api/me';
import type { Group, List, User } from '../api/types';
import { useRead } from '../api/use';
import { at, go } from '../router';
import { say } from '../ui/announce';
import { Confirm } from '../ui/dialog';
import { LinesField, TextField } from '../ui/field';
import { Finish, verb } from '../ui/finish';
import { Until, useMemberships } from '../ui/memberships';
import { Empty, Shown } from '../ui/notes';
import { OwnedElsewhere } from '../ui/owner';
import { Page, Section } from '../ui/page';
import { number, people } from '../ui/words';

const MOST = 12;

/** What the configuration file says of a group, it says again at the next start. */
const isChangedHere = (group: Group): boolean => group.managed_by !== 'configuration';

export function GroupPage({ name }: { name: string }) {
  const reading = useRead<Group>(to('groups', name));
  const [asked, setAsked] = useState(false);
  const way = useWay('admin.policy.apply');
  const group = reading.value;
  return (
    <Page
      title={name}
      above={<a href="/groups">Groups</a>}
      lead={
        group &&
        `${group.title ? `${group.title} · ` : ''}${people(group.people)}, ${number(group.members)} of them directly`
      }
      aside={
        group &&
        way &&
        isChangedHere(group) && (
          <button type="button" class="button danger" onClick={() => setAsked(true)}>
            {verb(way, 'Remove')}
          </button>
        )
      }
    >
      <Shown reading={reading}>
        {(group) => (
          <>
            <OwnedElsewhere kind="group" by={group.managed_by} />
            <Section
              id="members"
              title="Who is in it"
              aside={
                <a class="small" href={`/people${query({ group: group.name })}`}>
                  All in the list of people
                </a>
              }
            >
              <Members group={group} />
            </Section>
            <Section id="opens" title="What it opens">
              <p class="soft">
                <a href={`/map${query({ q: group.name })}`}>See it on the access map</a>: the apps that policies open to
                this group, always or on a condition.
              </p>
            </Section>
            {way && isChangedHere(group) && (
              <Section id="details" title="Details">
                <Details key={group.version} group={group} again={reading.again} />
              </Section>
            )}
            {asked && <Remove group={group} close={() => setAsked(false)} />}
          </>
        )}
      </Shown>
    </Page>
  );
}

function Members({ group }: { group: Group }) {
  const reading = useRead<List<User>>(`/v1/users${query({ group: group.name, limit: MOST })}`);
  return (
    <Shown reading={reading}>
      {({ items, total }) =>
        items.length === 0 ? (
          <Empty title="Nobody is in it">
            <p>Put somebody into it on their page, for good or until a time, or let another group be in it.</p>
          </Empty>
        ) : (
          <>
            <ul class="card list">
              {items.map((user) => (
                <li class="row" key={user.id}>
                  <div class="grow">
                    <a class="strong" href={at('people', user.name)}>
                      {user.display_name || user.name}
                    </a>
                    <span class="under">
                      {user.name} · <How user={user} group={group.name} />
                    </span>
                  </div>
                </li>
              ))}
            </ul>
            {total !== undefined && total > items.length && (
              <p class="small after">and {number(total - items.length)} more</p>
            )}
          </>
        )
      }
    </Shown>
  );
}

/** Directly, for good or until a time, or through another group. */
function How({ user, group }: { user: User; group: string }) {
  const { running } = useMemberships(user.groups);
  const own = running.find((membership) => membership.group === group);
  return own ? <Until membership={own} /> : <>through another group</>;
}

function Details({ group, again }: { group: Group; again: () => void }) {
  const [title, setTitle] = useState(group.title);
  const [parents, setParents] = useState(group.parents);
  const doing = useChange('admin.policy.apply');
  const save = async (event: Event) => {
    event.preventDefault();
    const body = { title: title.trim(), parents: parents.map((name) => name.trim()).filter(Boolean) };
    if (!(await doing.run((how) => api.put(to('groups', group.name), body, { over: group.version, ...how })))) return;
    say('Saved');
    again();
  };
  return (
    <form class="card pad form" onSubmit={save}>
      <TextField label="Title" value={title} set={setTitle} problem={doing.problem} name="title" />
      <LinesField
        label="In the groups"
        rows={1}
        value={parents}
        set={setParents}
        hint={`One a line. Another group here changes at once what ${people(group.people)} can reach.`}
        problem={doing.problem}
        name="parents"
      />
      <Finish doing={doing} action="Save the group" again={doing.problem?.stale ? again : undefined} />
    </form>
  );
}

function Remove({ group, close }: { group: Group; close: () => void }) {
  const doing = useChange('admin.policy.apply');
  const remove = async () => {
    if (!(await doing.run((how) => api.remove(to('groups', group.name), { over: group.version, ...how })))) return;
    say(`${group.name} is removed`);
    go('/groups');
  };
  return (
    <Confirm
      title={`Remove ${group.name}?`}
      action={`Remove ${group.name}`}
      danger
      doing={doing}
      close={close}
      onConfirm={remove}
    >
      <p>
        {people(group.people)} {group.people === 1 ? 'loses' : 'lose'} what they reach only through it, what is open
        there included. Policies that name it stay and match nobody.
      </p>
    </Confirm>
  );
}
