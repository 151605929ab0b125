// The figures of the moment, and what needs somebody.

import type { Attention, Overview } from '../../api/types';
import { Plot } from '../../live/plot';
import { Chip } from '../../ui/chip';
import { Section } from '../../ui/page';
import { Words } from '../../ui/sentence';
import { count, number, people } from '../../ui/words';

export function Figures({ value }: { value: Overview }) {
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
        <span class="small">
          {value.attention.length === 0 ? 'Nothing waits for anybody.' : levels(value.attention)}
        </span>
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

export function Needs({ items }: { items: Attention[] }) {
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
