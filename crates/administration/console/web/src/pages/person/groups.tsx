// Which groups a person is in, and until when.

import { useState } from 'preact/hooks';

import { useChange } from '../../api/change';
import { api, to } from '../../api/client';
import { useBeyond, useGiven, useWayWith } from '../../api/me';
import { useRefusal } from '../../api/refused';
import type { Membership, UserInFull } from '../../api/types';
import { at } from '../../router';
import { Act, Why } from '../../ui/act';
import { say } from '../../ui/announce';
import { Chip } from '../../ui/chip';
import { Confirm, Dialog } from '../../ui/dialog';
import { TextField } from '../../ui/field';
import { Finish, verb } from '../../ui/finish';
import { GroupField } from '../../ui/choose';
import { Empty } from '../../ui/notes';
import { Until, useMemberships } from '../../ui/memberships';
import { Time, typedTime } from '../../ui/time';

interface Rows {
  user: UserInFull;
  again: () => void;
}

export function GroupRows({ user, again }: Rows) {
  const [adding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState<Membership>();
  const way = useWayWith(user);
  const beyond = useBeyond(user);
  const refused = useRefusal(`leave ${user.id}`);
  const { running, over } = useMemberships(user.groups);
  const direct = new Set(running.map((membership) => membership.group));
  const through = user.all_groups.filter((group) => !direct.has(group));
  return (
    <>
      {user.groups.length === 0 ? (
        <Empty title="In no group">
          <p>Most policies let in a group. Put {user.name} into one, for good or until a time.</p>
        </Empty>
      ) : (
        <ul class="card list">
          {[...running, ...over].map((membership) => (
            <li class="row" key={`${membership.group} ${membership.by ?? ''}`}>
              <div class="grow">
                <a class="strong" href={at('groups', membership.group)}>
                  {membership.group}
                </a>
                <span class="under">
                  {over.includes(membership) ? (
                    <>
                      ended <Time at={membership.until ?? 0} />: it gives nothing any more
                    </>
                  ) : (
                    <Until membership={membership} />
                  )}
                  {membership.by && (
                    <>
                      {' '}
                      · by the word of <a href={at('providers', membership.by)}>{membership.by}</a>
                    </>
                  )}
                </span>
              </div>
              {over.includes(membership) && <Chip tone="plain">lapsed</Chip>}
              {way && !membership.by && (
                <Act class="button small-button" why={beyond ?? refused} onClick={() => setLeaving(membership)}>
                  {verb(way, 'Take out')}
                  <span class="hidden"> of {membership.group}</span>
                </Act>
              )}
            </li>
          ))}
        </ul>
      )}
      {through.length > 0 && <p class="small after">Through these also in {through.join(', ')}.</p>}
      {way && (
        <p class="buttons">
          <Act why={beyond} onClick={() => setAdding(true)}>
            {verb(way, 'Put into a group')}
          </Act>
        </p>
      )}
      {way && <Why why={refused} />}
      {adding && <Join user={user} again={again} close={() => setAdding(false)} />}
      {leaving && (
        <Leave
          user={user}
          group={leaving.group}
          over={over.includes(leaving)}
          again={again}
          close={() => setLeaving(undefined)}
        />
      )}
    </>
  );
}

function Join({ user, again, close }: Rows & { close: () => void }) {
  const [group, setGroup] = useState('');
  const [until, setUntil] = useState('');
  const given = useGiven('admin.user.change');
  const doing = useChange('admin.user.change', { way: useWayWith(user) });
  const join = async (event: Event) => {
    event.preventDefault();
    const put = async (how: { propose?: string }) => {
      const body = until ? { until: typedTime(until, 'until') } : {};
      return api.put(to('users', user.id, 'groups', group.trim()), body, how);
    };
    if (!(await doing.run(put))) return;
    say(`${user.name} is in ${group}`);
    close();
    again();
  };
  return (
    <Dialog title={`Put ${user.name} into a group`} close={close}>
      <form onSubmit={join}>
        <GroupField
          label="Group"
          value={group}
          set={setGroup}
          problem={doing.problem}
          name="group"
          among={given}
          {...(given && { hint: 'One that you are in yourself: others are for an owner to give.' })}
        />
        <TextField
          label="Until"
          type="datetime-local"
          value={until}
          set={setUntil}
          hint="Empty: for good. Otherwise the membership, and what rests on it, ends by itself."
          problem={doing.problem}
          name="until"
        />
        <Finish doing={doing} action="Put into the group" ready={group.trim() !== ''} leave={close} />
      </form>
    </Dialog>
  );
}

function Leave({ user, group, over, again, close }: Rows & { group: string; over: boolean; close: () => void }) {
  const doing = useChange('admin.user.change', { way: useWayWith(user), refusal: `leave ${user.id}` });
  const leave = async () => {
    if (!(await doing.run((how) => api.remove(to('users', user.id, 'groups', group), how)))) return;
    say(`${user.name} is no longer in ${group}`);
    close();
    again();
  };
  return (
    <Confirm
      title={`Take ${user.name} out of ${group}?`}
      action={`Take out of ${group}`}
      danger
      doing={doing}
      close={close}
      onConfirm={leave}
    >
      {over ? (
        <p>It has ended already: nothing closes, and it is no longer listed.</p>
      ) : (
        <p>
          What {user.name} reaches only through <b>{group}</b> closes at once, what is open there included. Their{' '}
          {user.sessions === 1 ? 'session goes' : 'sessions go'} on.
        </p>
      )}
    </Confirm>
  );
}
