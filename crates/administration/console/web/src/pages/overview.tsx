// What is open now, what is being decided, what was refused and why, what needs somebody.

import { useState } from 'preact/hooks';

import type { Attention, Overview, RefusedHere } from '../api/types';
import { useWatch } from '../api/use';
import { LiveList, LiveState } from '../live/list';
import { Plot } from '../live/plot';
import { useLive } from '../live/use';
import { at } from '../router';
import { Chip } from '../ui/chip';
import { Words } from '../ui/sentence';
import { Icon } from '../ui/icon';
import { Empty, ProblemNote } from '../ui/notes';
import { Page, Section } from '../ui/page';
import { Time } from '../ui/time';
import { count, epochWords, number, people } from '../ui/words';

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
        <Live />
        {value && <Refused value={value} />}
      </div>
    </Page>
  );
}

function Aside({ value }: { value: Overview }) {
  return (
    <>
      epoch <span class="mono">{epochWords(value.epoch)}</span> · version {value.version} · up since <Time at={value.started} />
    </>
  );
}

function Figures({ value }: { value: Overview }) {
  const seconds = value.decisions.per_second;
  const lately = seconds.slice(-6, -1);
  const rate = lately.length ? lately.reduce((sum, second) => sum + second.allow + second.deny, 0) / lately.length : 0;
  const { hour } = value.decisions;
  return (
    <ul class="figures">
      <li class="card figure">
        <a href="/leases">
          <span class="figure-name">Open leases</span>
          <span class="figure-value">{number(value.leases.open)}</span>
        </a>
        <span class="small">
          {people(value.leases.people)} · {count(value.sessions.open, 'session')}
        </span>
      </li>
      <li class="card figure with-plot">
        <a href="/decisions">
          <span class="figure-name">Decisions a second</span>
          <span class="figure-value">{number(Math.round(rate))}</span>
        </a>
        <Plot seconds={seconds} />
      </li>
      <li class="card figure">
        <a href="/decisions?outcome=deny">
          <span class="figure-name">Refused, last hour</span>
          <span class="figure-value">{number(hour.deny)}</span>
        </a>
        <span class="small">
          of {number(hour.allow + hour.deny)} · {number(hour.cut)} cut while open
        </span>
      </li>
      <li class={value.attention.some((item) => item.level !== 'note') ? 'card figure needs' : 'card figure'}>
        <a {...(value.attention.length > 0 && { href: '#needs' })}>
          <span class="figure-name">Needs you</span>
          <span class="figure-value">{number(value.attention.length)}</span>
        </a>
        <span class="small">{value.attention.length === 0 ? 'Nothing waits for anybody.' : levels(value.attention)}</span>
      </li>
    </ul>
  );
}

function levels(items: Attention[]): string {
  const of = (level: Attention['level']) => items.filter((item) => item.level === level).length;
  const named: [number, string][] = [
    [of('fault'), 'fault'],
    [of('warning'), 'warning'],
    [of('note'), 'note'],
  ];
  return named
    .filter(([times]) => times > 0)
    .map(([times, word]) => count(times, word))
    .join(' · ');
}

const LEVELS = {
  fault: ['deny', '✕', 'fault'],
  warning: ['step', '!', 'warning'],
  note: ['plain', '·', 'note'],
} as const;

function Needs({ items }: { items: Attention[] }) {
  return (
    <Section id="needs" title="What needs you">
      <ul class="card list">
        {items.map((item) => {
          const [tone, mark, word] = LEVELS[item.level];
          return (
            <li class="row" key={item.id}>
              <span class="level">
                <Chip tone={tone} mark={mark}>
                  {word}
                </Chip>
              </span>
              <div class="grow">
                <p class="strong">
                  <Words text={item.what} />
                </p>
                {item.help && (
                  <p class="small">
                    <Words text={item.help} />
                  </p>
                )}
              </div>
              {item.link && (
                <a class="button small-button" href={item.link}>
                  Look at it<span class="hidden">: {item.what}</span>
                </a>
              )}
            </li>
          );
        })}
      </ul>
    </Section>
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
        <button type="button" class="icon-button" aria-pressed={paused} aria-label="Pause" title={paused ? 'Go on' : 'Pause'} onClick={() => setPaused(!paused)}>
          <Icon name={paused ? 'play' : 'pause'} />
        </button>
        <a href="/decisions">All, with filters</a>
      </div>
      <LiveList live={live} paused={paused} />
    </section>
  );
}

function Refused({ value }: { value: Overview }) {
  return (
    <section class="card refused-card" aria-labelledby="refused">
      <div class="card-head">
        <h2 id="refused">Refused, and why</h2>
        <span class="small">
          since <Time at={value.window_since} />
        </span>
      </div>
      {value.refused.length === 0 ? (
        <Empty title="Nobody was refused">
          <p>When somebody is, it stands here by app and by the policy that said no, most often first.</p>
        </Empty>
      ) : (
        <ol class="list refused">
          {value.refused.slice(0, 12).map((item) => (
            <RefusedRow key={`${item.app} ${item.why}`} item={item} most={value.refused[0]?.times ?? 1} />
          ))}
        </ol>
      )}
    </section>
  );
}

function RefusedRow({ item, most }: { item: RefusedHere; most: number }) {
  const policy = /^[a-z0-9._-]+$/.test(item.why);
  return (
    <li class="refused-row">
      <div class="refused-line">
        <a class="strong" href={`/decisions?outcome=deny&app=${encodeURIComponent(item.app)}`}>
          {item.app}
        </a>
        <span class="times">{number(item.times)}</span>
      </div>
      <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect width={Math.max(1, (item.times / most) * 100)} height="4" rx="2" />
      </svg>
      <p class="small">
        {policy ? (
          <a href={at('policies', item.why)}>
            <code>{item.why}</code>
          </a>
        ) : (
          item.why
        )}{' '}
        · {item.people > 0 ? people(item.people) : 'strangers'} · <Time at={item.last} />
      </p>
    </li>
  );
}
