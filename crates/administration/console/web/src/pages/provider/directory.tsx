// How following a directory stands: what was read, what could not be, and what waits for somebody.

import { useState } from 'preact/hooks';

import { api, to } from '../../api/client';
import { useWay } from '../../api/me';
import type { Directory } from '../../api/types';
import { useDoing, useRead } from '../../api/use';
import { Act } from '../../ui/act';
import { say } from '../../ui/announce';
import { Confirm } from '../../ui/dialog';
import { ProblemNote, Shown } from '../../ui/notes';
import { Section } from '../../ui/page';
import { Words } from '../../ui/sentence';
import { Time } from '../../ui/time';
import { count, number, people } from '../../ui/words';

export function DirectoryPart({ name }: { name: string }) {
  const reading = useRead<Directory>(to('directories', name));
  return (
    <Section id="directory" title="How it is followed">
      <Shown reading={reading}>
        {(directory) => (
          <>
            {directory.trouble && <Trouble directory={directory} again={reading.again} />}
            <Read directory={directory} />
            <Conflicts directory={directory} />
            <ReadNow directory={directory} again={reading.again} />
          </>
        )}
      </Shown>
    </Section>
  );
}

function Trouble({ directory, again }: { directory: Directory; again: () => void }) {
  const trouble = directory.trouble;
  if (!trouble) return null;
  return (
    <div class="fault" role="alert">
      <p class="strong">
        <Words text={`People and groups do not follow it: ${trouble.what}`} />
      </p>
      <p>
        <Words text={trouble.help} /> <span class="soft">Seen</span> <Time at={trouble.at} />.
      </p>
      {trouble.needs && <Allow directory={directory} needs={trouble.needs} again={again} />}
    </div>
  );
}

type Needs = NonNullable<NonNullable<Directory['trouble']>['needs']>;

function Allow({ directory, needs, again }: { directory: Directory; needs: Needs; again: () => void }) {
  const may = useWay('admin.provider.suspend') === 'make';
  const [asked, setAsked] = useState(false);
  const doing = useDoing(`allow ${directory.name}`);
  const close = () => setAsked(false);
  const allow = async () => {
    if (!(await doing.run(() => api.post(`${to('directories', directory.name)}/allow`, needs)))) return;
    say(`${directory.title} may do that, once; it is read now`);
    close();
    again();
  };
  if (!may) return null;
  return (
    <div class="buttons">
      <Act class="button danger" why={undefined} onClick={() => setAsked(true)}>
        Allow this once
      </Act>
      {asked && (
        <Confirm
          title={`Let ${directory.title} do that?`}
          action={`Allow ${directory.name}`}
          danger
          doing={doing}
          close={close}
          onConfirm={allow}
        >
          <p>
            {people(needs.people)} are switched off: what they have open ends at once.{' '}
            {count(needs.memberships, 'membership')} of others end. {people(needs.returns)} are switched on again. It is
            read again now, and does this to nobody else.
          </p>
          <Who directory={directory} />
        </Confirm>
      )}
    </div>
  );
}

/** The most people who are named in the question. */
const WHO_SHOWN = 20;
const WHAT = { off: 'is switched off', leaves: 'leaves', on: 'is switched on again' };

function Who({ directory }: { directory: Directory }) {
  const who = directory.trouble?.who ?? [];
  const more = who.length - WHO_SHOWN;
  return (
    <ul class="lines">
      {who.slice(0, WHO_SHOWN).map(({ user, name, what, group }) => (
        <li key={`${user} ${what} ${group}`}>
          <code>{name}</code> {WHAT[what]} {group && <code>{group}</code>}
        </li>
      ))}
      {more > 0 && <li>and {number(more)} more</li>}
    </ul>
  );
}

function Read({ directory }: { directory: Directory }) {
  const { counts } = directory;
  return (
    <dl class="facts">
      <dt>Taken over</dt>
      <dd>{directory.last_success ? <Time at={directory.last_success} /> : 'not since the start'}</dd>
      <dt>Read from</dt>
      <dd>{directory.server ?? (directory.followed ? directory.servers.join(', ') : 'nowhere: it is not followed')}</dd>
      <dt>Changes</dt>
      <dd>{directory.following}</dd>
      <dt>There</dt>
      <dd>{people(counts.people)}</dd>
      <dt>By its word</dt>
      <dd>{count(counts.memberships, 'membership')}</dd>
    </dl>
  );
}

function Conflicts({ directory }: { directory: Directory }) {
  const { conflicts, conflicts_total: total } = directory;
  if (total === 0) return null;
  return (
    <>
      <h3>What could not be as it says</h3>
      <ul class="lines">
        {conflicts.map(({ about, why }) => (
          <li key={`${about} ${why}`}>
            <code>{about}</code> <Words text={why} />
          </li>
        ))}
      </ul>
      {total > conflicts.length && <p class="small after">and {number(total - conflicts.length)} more</p>}
    </>
  );
}

function ReadNow({ directory, again }: { directory: Directory; again: () => void }) {
  const may = useWay('admin.provider.suspend') === 'make';
  const doing = useDoing(`read ${directory.name}`);
  const read = async () => {
    if (!(await doing.run(() => api.post(`${to('directories', directory.name)}/read`, {})))) return;
    say(`${directory.title} is read`);
    again();
  };
  if (!may || !directory.followed) return null;
  return (
    <>
      <ProblemNote problem={doing.problem} />
      <div class="buttons">
        <Act why={undefined} onClick={read}>
          Read it now
        </Act>
      </div>
    </>
  );
}
