// The live decisions, with filters; one chosen stands beside them where there is room.

import { useEffect, useState } from 'preact/hooks';

import type { DecisionLine } from '../api/types';
import { useRested } from '../api/use';
import { LiveList, LiveState } from '../live/list';
import { useLive } from '../live/use';
import { refine, useAddress } from '../router';
import { SuggestingFilter } from '../ui/choose';
import { Icon } from '../ui/icon';
import { Empty } from '../ui/notes';
import { Page } from '../ui/page';
import { Time } from '../ui/time';
import { number } from '../ui/words';
import { DecisionBeside, DecisionPage } from './decision';

const OUTCOMES: [string, string][] = [
  ['', 'all'],
  ['allow', '✓ allow'],
  ['deny', '✕ deny'],
  ['cut', '✕ cut'],
  ['change', '± change'],
];

function DecisionsPage({ decision }: { decision?: string }) {
  const { search } = useAddress();
  const outcome = search.get('outcome') ?? '';
  const [app, setApp] = useState(search.get('app') ?? '');
  const [user, setUser] = useState(search.get('user') ?? '');
  const [paused, setPaused] = useState(false);
  const wanted = {
    outcome: outcome || undefined,
    app: useRested(app.trim(), 300) || undefined,
    user: useRested(user.trim(), 300) || undefined,
  };
  const live = useLive(wanted);
  useEffect(() => refine({ app: wanted.app, user: wanted.user }), [wanted.app, wanted.user]);
  const nothing = live.seen.begun && live.seen.rows.length === 0;
  return (
    <Page
      title={decision ? `Decision ${decision}` : 'Live decisions'}
      heading="Live decisions"
      wide
      aside={
        live.seen.since !== undefined && (
          <>
            the records reach back to <Time at={live.seen.since} />
          </>
        )
      }
    >
      <div class="filters" role="search" aria-label="Filter the decisions">
        <fieldset class="segments">
          <legend class="hidden">Outcome</legend>
          {OUTCOMES.map(([value, words]) => (
            <label key={value} class="segment">
              <input
                type="radio"
                name="outcome"
                value={value}
                checked={outcome === value}
                onChange={() => refine({ outcome: value || undefined })}
              />
              <span>{words}</span>
            </label>
          ))}
        </fieldset>
        <SuggestingFilter of="app" label="App" value={app} set={setApp} />
        <SuggestingFilter of="user" label="Person" value={user} set={setUser} />
        <span class="spring" />
        <LiveState live={live} paused={paused} />
        <button type="button" class="button small-button" aria-pressed={paused} onClick={() => setPaused(!paused)}>
          <Icon name={paused ? 'play' : 'pause'} /> {paused ? 'Go on' : 'Pause'}
        </button>
      </div>
      <div class={decision ? 'split live-split' : 'live-split'}>
        <div class="card live-card tall">
          {nothing ? (
            <NothingYet filtered={Object.values(wanted).some(Boolean)} />
          ) : (
            <LiveList live={live} paused={paused} chosen={decision} />
          )}
        </div>
        {decision && (
          <DecisionBeside
            key={decision}
            id={decision}
            user={live.seen.rows.find((line) => line.decision === decision)?.user_id}
          />
        )}
      </div>
      {live.seen.rows.length > 0 && <Newest line={live.seen.rows[0]} kept={live.seen.rows.length} />}
    </Page>
  );
}

function Newest({ line, kept }: { line: DecisionLine | undefined; kept: number }) {
  if (!line) return null;
  return (
    <p class="small under-live">
      The newest {number(kept)} are listed. Older ones are in the ledger: <code>gatewright log show</code>.
    </p>
  );
}

function NothingYet({ filtered }: { filtered: boolean }) {
  if (filtered) {
    return (
      <Empty title="Nothing of this kind lately">
        <p>The list fills as soon as something matches. Take a filter away to see more.</p>
      </Empty>
    );
  }
  return (
    <Empty title="No decision yet">
      <p>
        Whatever somebody asks for at an app is one question, and its answer appears here at once, with the reason. Open
        one of the apps to see the first.
      </p>
    </Empty>
  );
}

const roomy = matchMedia('(min-width: 1180px)');

/** Beside the list where there is room, a page of its own where there is none. */
export function DecisionsRoute({ decision }: { decision?: string }) {
  const [wide, setWide] = useState(roomy.matches);
  useEffect(() => {
    const look = () => setWide(roomy.matches);
    roomy.addEventListener('change', look);
    return () => roomy.removeEventListener('change', look);
  }, []);
  if (decision !== undefined && !wide) return <DecisionPage id={decision} />;
  return <DecisionsPage {...(decision !== undefined && { decision })} />;
}
