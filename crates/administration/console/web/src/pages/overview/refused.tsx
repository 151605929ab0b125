// What was refused lately, by app and reason, most often first.

import type { Overview, RefusedHere } from '../../api/types';
import { query } from '../../api/client';
import { at } from '../../router';
import { Empty } from '../../ui/notes';
import { Words } from '../../ui/sentence';
import { Time } from '../../ui/time';
import { number, people } from '../../ui/words';

export function Refused({ value }: { value: Overview }) {
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
  // Whoever was not let in at the door asked for a host; only an app's own name has no dot.
  const door = item.app.includes('.');
  const policy = !door && /^[a-z0-9._-]+$/.test(item.why);
  return (
    <li class="refused-row">
      <div class="refused-line">
        <a class="strong" href={`/decisions${query({ outcome: 'deny', app: door ? undefined : item.app })}`}>
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
          <Words text={door ? item.why.replaceAll('-', ' ') : item.why} />
        )}{' '}
        · {!door && item.people > 0 ? people(item.people) : 'strangers'} · <Time at={item.last} />
      </p>
    </li>
  );
}
