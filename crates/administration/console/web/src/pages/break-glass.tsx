// Sealed ways in for the day on which nobody can sign in, and the uses of them.

import { useState } from 'preact/hooks';

import { api, to } from '../api/client';
import { Permitted, useMay } from '../api/me';
import type { BreakGlass, List } from '../api/types';
import { useDoing, useRead } from '../api/use';
import { say } from '../ui/announce';
import { Chip } from '../ui/chip';
import { Confirm } from '../ui/dialog';
import { Empty, Shown } from '../ui/notes';
import { Page } from '../ui/page';
import { Time } from '../ui/time';
import { noticeChanged } from './break-glass/notice';
import { Seal } from './break-glass/seal';

type Asked = { what: 'revoke' | 'acknowledge'; entry: BreakGlass };

export function BreakGlassPage() {
  const reading = useRead<List<BreakGlass>>('/v1/break-glass');
  const [sealing, setSealing] = useState(false);
  const [asked, setAsked] = useState<Asked>();
  const done = () => {
    setAsked(undefined);
    setSealing(false);
    reading.again();
    noticeChanged();
  };
  return (
    <Page
      title="Break-glass"
      above={<a href="/settings">Settings</a>}
      lead="A code on paper, in an envelope, for the day on which nobody can sign in. Whoever types it is an owner for 30 minutes, once, and everybody here is told."
    >
      <Shown reading={reading}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nothing is sealed">
              Seal a way in, print its code, and keep it where two people have to agree to open it: a safe, a notary. It
              needs neither a passkey nor anybody who is signed in.
            </Empty>
          ) : (
            <ul class="card list">
              {items.map((entry) => (
                <Entry key={entry.id} entry={entry} ask={(what) => setAsked({ what, entry })} />
              ))}
            </ul>
          )
        }
      </Shown>
      <Permitted action="admin.policy.apply" to="seal a way in">
        <p class="buttons after">
          <button type="button" class="button first" onClick={() => setSealing(true)}>
            Seal a way in
          </button>
        </p>
      </Permitted>
      {sealing && <Seal close={done} />}
      {asked && <Ask asked={asked} close={() => setAsked(undefined)} done={done} />}
    </Page>
  );
}

function Entry({ entry, ask }: { entry: BreakGlass; ask: (what: Asked['what']) => void }) {
  const may = useMay('admin.policy.apply');
  const what = entry.used ? 'acknowledge' : 'revoke';
  return (
    <li class="row">
      <span class="level">
        <State entry={entry} />
      </span>
      <div class="grow">
        <span class="strong">{entry.label ?? 'A sealed way in'}</span>
        <span class="under">
          sealed <Time at={entry.made_at} />
          {entry.made_by && ` by ${entry.made_by}`}
        </span>
        {entry.used ? (
          <Use used={entry.used} acknowledged={entry.acknowledged} />
        ) : (
          !entry.opens && (
            <p class="small">
              A policy forbids what whoever uses it would have to do. Let it except{' '}
              <code>context.authn.methods.contains("break-glass")</code>.
            </p>
          )
        )}
      </div>
      {may && !entry.acknowledged && (
        <button type="button" class="button small-button" onClick={() => ask(what)}>
          {entry.used ? 'Acknowledge' : 'Call back'}
          <span class="hidden"> {entry.label}</span>
        </button>
      )}
    </li>
  );
}

function State({ entry }: { entry: BreakGlass }) {
  if (entry.acknowledged) return <Chip tone="plain">acknowledged</Chip>;
  if (entry.used)
    return (
      <Chip tone="deny" mark="✕">
        used
      </Chip>
    );
  return entry.opens ? (
    <Chip tone="allow" mark="✓">
      sealed
    </Chip>
  ) : (
    <Chip tone="step" mark="!">
      barred
    </Chip>
  );
}

function Use({
  used,
  acknowledged,
}: {
  used: NonNullable<BreakGlass['used']>;
  acknowledged: BreakGlass['acknowledged'];
}) {
  return (
    <p class="small">
      Used <Time at={used.at} />
      {used.address && ` from ${used.address} with ${used.client}`}, as{' '}
      <a href={`/decisions?user=${encodeURIComponent(used.user)}`}>{used.user}</a>; {used.open ? 'still open' : 'over'}.
      {acknowledged && (
        <>
          {' '}
          Acknowledged <Time at={acknowledged.at} /> by {acknowledged.by}.
        </>
      )}
    </p>
  );
}

function Ask({ asked: { what, entry }, close, done }: { asked: Asked; close: () => void; done: () => void }) {
  const doing = useDoing();
  const path = to('break-glass', entry.id);
  const run = async () => {
    const sent = () => (what === 'revoke' ? api.remove(path) : api.post(`${path}/acknowledge`));
    if (!(await doing.run(sent))) return;
    say(what === 'revoke' ? `${entry.label} is worth nothing any more` : `The use of ${entry.label} is acknowledged`);
    done();
  };
  return what === 'revoke' ? (
    <Confirm title="Call it back?" action="Call it back" danger doing={doing} close={close} onConfirm={run}>
      <p>
        The code of <b>{entry.label}</b> is worth nothing from then on. Throw the envelope away.
      </p>
    </Confirm>
  ) : (
    <Confirm title="Acknowledge this use?" action="Acknowledge it" doing={doing} close={close} onConfirm={run}>
      <p>
        You say with it that somebody has looked at what was done. It is no longer shown on every page,{' '}
        <b>{entry.used?.user}</b> is gone{entry.used?.open && ', and what they have open is cut'}. The ledger keeps all
        of it. Only who was an owner before it can say so, with a passkey from before it.
      </p>
    </Confirm>
  );
}
