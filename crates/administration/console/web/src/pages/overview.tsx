// What is open now, what is being decided, what was refused and why, what needs somebody.

import { useState } from 'preact/hooks';

import { Permitted, useMay } from '../api/me';
import type { Overview } from '../api/types';
import { useWatch } from '../api/use';
import { LiveList, LiveState } from '../live/list';
import { useLive } from '../live/use';
import { Icon } from '../ui/icon';
import { ProblemNote } from '../ui/notes';
import { Page } from '../ui/page';
import { Time } from '../ui/time';
import { epochWords } from '../ui/words';
import { Figures, Needs } from './overview/figures';
import { Refused } from './overview/refused';

export function OverviewPage() {
  const reading = useWatch<Overview>('/v1/overview', 2000);
  const value = reading.value;
  return (
    <Page title="Overview" wide aside={value && <Aside value={value} />}>
      {reading.problem && <ProblemNote problem={reading.problem} again={reading.again} />}
      {!value && !reading.problem && <p class="loading soft">Loading …</p>}
      {value && <Figures value={value} />}
      {value && value.attention.length > 0 && <Needs items={value.attention} />}
      <div class="split overview-split">
        {useMay('admin.log.read') ? <Live /> : <NoLive />}
        {value && <Refused value={value} />}
      </div>
    </Page>
  );
}

function Aside({ value }: { value: Overview }) {
  return (
    <>
      epoch <span class="mono">{epochWords(value.epoch)}</span> · version {value.version} · up since{' '}
      <Time at={value.started} />
    </>
  );
}

function NoLive() {
  return (
    <section class="card pad" aria-labelledby="live">
      <h2 id="live">Live decisions</h2>
      <Permitted action="admin.log.read" to="see decisions">
        {null}
      </Permitted>
    </section>
  );
}

function Live() {
  const live = useLive({});
  const [paused, setPaused] = useState(false);
  return (
    <section class="card live-card" aria-labelledby="live">
      <div class="card-head">
        <h2 id="live">Live decisions</h2>
        <LiveState live={live} paused={paused} />
        <button
          type="button"
          class="icon-button"
          aria-pressed={paused}
          aria-label="Pause"
          title={paused ? 'Go on' : 'Pause'}
          onClick={() => setPaused(!paused)}
        >
          <Icon name={paused ? 'play' : 'pause'} />
        </button>
        <a href="/decisions">All, with filters</a>
      </div>
      <LiveList live={live} paused={paused} />
    </section>
  );
}
