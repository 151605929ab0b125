// What was refused lately, by app and reason, most often first.

import type { Overview, RefusedHere } from '../../api/types';
import { at } from '../../router';
import { Empty } from '../../ui/notes';
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
