// Decisions per second by outcome: two areas over two minutes, and the same in words.

import type { Second } from '../api/types';
import { number } from '../ui/words';

const WIDTH = 240;
const HEIGHT = 44;

function area(values: number[], base: number[], most: number): string {
  const step = WIDTH / Math.max(1, values.length - 1);
  const y = (value: number) => (HEIGHT - (value / most) * (HEIGHT - 4)).toFixed(1);
  const over = values.map((value, i) => `${(i * step).toFixed(1)},${y(value + (base[i] ?? 0))}`);
  const under = base.map((value, i) => `${(i * step).toFixed(1)},${y(value)}`).reverse();
  return `M${over.join('L')}L${under.join('L')}Z`;
}

function line(values: number[], most: number): string {
  const step = WIDTH / Math.max(1, values.length - 1);
  return `M${values.map((value, i) => `${(i * step).toFixed(1)},${(HEIGHT - (value / most) * (HEIGHT - 4)).toFixed(1)}`).join('L')}`;
}

export function Plot({ seconds }: { seconds: Second[] }) {
  const deny = seconds.map((second) => second.deny);
  const allow = seconds.map((second) => second.allow);
  const all = seconds.map((second) => second.allow + second.deny);
  const most = Math.max(1, ...all);
  const words = `Decisions per second over the last ${seconds.length} seconds: at most ${number(most)}, of which refused at most ${number(Math.max(0, ...deny))}.`;
  return (
    <svg class="plot" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={words}>
      <title>{words}</title>
      <path
        class="plot-deny"
        d={area(
          deny,
          deny.map(() => 0),
          most,
        )}
      />
      <path class="plot-allow" d={area(allow, deny, most)} />
      <path class="plot-line" d={line(all, most)} />
    </svg>
  );
}
