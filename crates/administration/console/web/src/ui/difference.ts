// What differs between two texts, line by line, with nothing in a line that is not seen.

import { visible } from './visible';

export interface Line {
  kind: 'same' | 'added' | 'removed';
  text: string;
}

/** Beyond this the middle is told as removed and added whole: finding the lines in common costs too much. */
const MOST_COMPARED = 4_000_000;

/** Lines as policies are read: a lone carriage return ends one too. What ended it is left out if it was a line feed. */
const linesOf = (text: string): string[] => {
  const lines = (text.match(/[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$/g) ?? []) as string[];
  return lines.map((line) => line.replace(/\n$/, ''));
};

/** Where every line feed of both texts has a carriage return before it, that says nothing. */
function withoutUsualEnds(before: string, after: string): [string[], string[]] {
  const odd = [before, after].some((text) => /(?<!\r)\n/.test(text));
  const lines = (text: string) => linesOf(odd ? text : text.replaceAll('\r\n', '\n'));
  return [lines(before), lines(after)];
}

const line = (kind: Line['kind'], text: string): Line => ({ kind, text: visible(text) });

const as = (kind: Line['kind'], lines: string[]): Line[] => lines.map((text) => line(kind, text));

/** How many lines both have in common from each place on, by the longest such sequence. */
function common(before: string[], after: string[]): Uint32Array {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  const at = (place: number): number => lengths[place] ?? 0;
  for (let b = before.length - 1; b >= 0; b -= 1)
    for (let a = after.length - 1; a >= 0; a -= 1)
      lengths[b * width + a] =
        before[b] === after[a]
          ? at((b + 1) * width + a + 1) + 1
          : Math.max(at((b + 1) * width + a), at(b * width + a + 1));
  return lengths;
}

function middle(before: string[], after: string[]): Line[] {
  if (before.length * after.length > MOST_COMPARED) return [...as('removed', before), ...as('added', after)];
  const lengths = common(before, after);
  const width = after.length + 1;
  const left = (b: number, a: number): number => lengths[b * width + a] ?? 0;
  const lines: Line[] = [];
  let [b, a] = [0, 0];
  while (b < before.length && a < after.length) {
    const [old = '', young = ''] = [before[b], after[a]];
    if (old === young) {
      lines.push(line('same', old));
      [b, a] = [b + 1, a + 1];
    } else if (left(b + 1, a) >= left(b, a + 1)) {
      lines.push(line('removed', old));
      b += 1;
    } else {
      lines.push(line('added', young));
      a += 1;
    }
  }
  return [...lines, ...as('removed', before.slice(b)), ...as('added', after.slice(a))];
}

export function difference(before: string, after: string): Line[] {
  const [old, young] = withoutUsualEnds(before, after);
  const least = Math.min(old.length, young.length);
  let start = 0;
  while (start < least && old[start] === young[start]) start += 1;
  let end = 0;
  while (end < least - start && old.at(-1 - end) === young.at(-1 - end)) end += 1;
  return [
    ...as('same', old.slice(0, start)),
    ...middle(old.slice(start, old.length - end), young.slice(start, young.length - end)),
    ...as('same', old.slice(old.length - end)),
  ];
}

/** The lines that changed with a few around each; a number stands for so many that are left out. */
export function excerpt(lines: Line[], around = 3): (Line | number)[] {
  const near = lines.map((_, place) =>
    lines.slice(Math.max(0, place - around), place + around + 1).some(({ kind }) => kind !== 'same'),
  );
  const shown: (Line | number)[] = [];
  for (const [place, line] of lines.entries()) {
    const last = shown.at(-1);
    if (near[place]) shown.push(line);
    else if (typeof last === 'number') shown[shown.length - 1] = last + 1;
    else shown.push(1);
  }
  return shown;
}
