// The end of a list that is all here and shown in part: how much of it, and more on demand.

import { number } from './words';

/** Rows that are shown at first, and more each time. */
export const STEP = 50;

interface Props {
  shown: number;
  of: number;
  /** What there is, in the plural. */
  what: string;
  show: (rows: number) => void;
  step?: number;
}

export function More({ shown, of, what, show, step = STEP }: Props) {
  if (of <= shown) return null;
  return (
    <p class="pager">
      <span class="soft">
        {number(shown)} of {number(of)} {what}
      </span>
      <button type="button" class="button small-button" onClick={() => show(shown + step)}>
        Show {number(Math.min(step, of - shown))} more
      </button>
    </p>
  );
}
