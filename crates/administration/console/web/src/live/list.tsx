// The live list: only the rows in view are in the page, and it stands still while somebody reads.

import { useEffect, useRef, useState } from 'preact/hooks';

import type { DecisionLine } from '../api/types';
import { at } from '../router';
import { Outcome } from '../ui/chip';
import { Named } from '../ui/named';
import { isToday, short, span, toTheMillisecond } from '../ui/time';
import { number } from '../ui/words';
import type { Live } from './use';

const ROW_WIDE = 40;
const ROW_NARROW = 72;
const SPARE = 4;

const narrow = matchMedia('(max-width: 720px)');

function useRowHeight(): number {
  const [height, setHeight] = useState(narrow.matches ? ROW_NARROW : ROW_WIDE);
  useEffect(() => {
    const look = () => setHeight(narrow.matches ? ROW_NARROW : ROW_WIDE);
    narrow.addEventListener('change', look);
    return () => narrow.removeEventListener('change', look);
  }, []);
  return height;
}

interface List {
  live: Live;
  /** Held by the person's own wish. */
  paused: boolean;
  chosen?: string | undefined;
}

export function LiveList({ live, paused, chosen }: List) {
  const { seen, hold } = live;
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const [reading, setReading] = useState(false);
  const [focused, setFocused] = useState<number>();
  const row = useRowHeight();

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const watch = new ResizeObserver(() => setHeight(element.clientHeight));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);

  useEffect(() => hold(paused || reading || top > 0), [hold, paused, reading, top]);

  const first = Math.max(0, Math.floor(top / row) - SPARE);
  const last = Math.min(seen.rows.length, Math.ceil((top + height) / row) + SPARE);
  // Hundreds of rows are one stop for Tab; the arrows move through them.
  const within = (place: number) => place >= first && place < last && seen.rows[place]?.decision !== undefined;
  const inView = Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index).filter(within);
  const stop =
    focused !== undefined && within(focused) ? focused : (inView.find((place) => place * row >= top) ?? inView[0]);
  const dated = seen.rows.slice(first, last).some((line) => !isToday(line.time, Date.now()));
  const move = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const links = [...(box.current?.querySelectorAll<HTMLElement>('.live-row a') ?? [])];
    const from = links.findIndex((link) => link === document.activeElement);
    if (by === 0 || from < 0) return;
    event.preventDefault();
    const next = links[from + by];
    if (next) next.focus();
    else box.current?.scrollBy(0, by * row);
  };
  return (
    <div
      class={dated ? 'live dated' : 'live'}
      ref={box}
      role="table"
      aria-label="Live decisions, newest first"
      aria-rowcount={seen.rows.length}
      tabIndex={0}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onPointerEnter={(event) => event.pointerType === 'mouse' && setReading(true)}
      onPointerLeave={() => setReading(false)}
      onFocusCapture={(event) => setReading(event.target !== event.currentTarget)}
      onBlurCapture={() => setReading(false)}
      onKeyDown={move}
    >
      <div role="rowgroup" class="live-rows" style={{ height: `${seen.rows.length * row}px` }}>
        {/* Keyed by place: what is newer is written into the rows that are there. While one of them has the focus, nothing moves. */}
        {seen.rows.slice(first, last).map((line, index) => (
          <Row
            key={first + index}
            line={line}
            place={first + index}
            row={row}
            stop={first + index === stop}
            focus={setFocused}
            chosen={chosen !== undefined && line.decision === chosen}
          />
        ))}
      </div>
    </div>
  );
}

/** The filters stay as they are when a decision is opened beside the list. */
const kept = (): string => (location.pathname.startsWith('/decisions') ? location.search : '');

/** What the door answers to who has not signed in: they are asked to. */
const NOT_SIGNED_IN = 'not-signed-in';

/** Reasons of the door itself are codes; those of policy are ids, and stay as they are. */
const whyWords = (line: DecisionLine): string => (line.kind === 'refused' ? line.why.replaceAll('-', ' ') : line.why);

interface Row {
  line: DecisionLine;
  place: number;
  row: number;
  chosen: boolean;
  /** Tab stops here. */
  stop: boolean;
  focus: (place: number) => void;
}

function Row({ line, place, row, chosen, stop, focus }: Row) {
  const to = line.app ?? line.host;
  const what = to ? `${line.who} → ${to}` : line.who;
  // At the door only the host is known, and it is named already.
  const wordless = line.what === to;
  const why = whyWords(line);
  return (
    <div
      class={`live-row${chosen ? ' chosen' : ''}${wordless ? ' wordless' : ''}`}
      role="row"
      aria-rowindex={place + 1}
      style={{ transform: `translateY(${place * row}px)`, height: `${row}px` }}
    >
      <span role="cell" class="when" title={toTheMillisecond(line.time)}>
        {short(line.time, Date.now())}
      </span>
      <span role="cell" class="how">
        <Outcome outcome={line.outcome} stepUp={line.why === NOT_SIGNED_IN} />
      </span>
      <span role="rowheader" class="who" title={line.user_id ? `${what} · ${line.user_id}` : what}>
        {line.decision ? (
          <a href={at('decisions', line.decision) + kept()} tabIndex={stop ? 0 : -1} onFocus={() => focus(place)}>
            {what}
          </a>
        ) : (
          what
        )}
        {line.count !== undefined && line.count > 1 && <span class="soft"> × {number(line.count)}</span>}
      </span>
      {!wordless && (
        <span role="cell" class="what">
          <code>{line.what}</code>
        </span>
      )}
      <span role="cell" class="why" title={why}>
        {line.outcome === 'allow' && line.latency_us !== undefined ? (
          span(line.latency_us / 1000)
        ) : line.kind === 'change' ? (
          <Named text={why} />
        ) : (
          why
        )}
      </span>
    </div>
  );
}

/** What is being shown, said in words beside the list. */
export function LiveState({ live, paused }: { live: Live; paused: boolean }) {
  const { seen } = live;
  if (seen.problem) return <span class="live-state faulty">{seen.problem.detail} Trying again …</span>;
  if (!seen.begun) return <span class="live-state">Connecting …</span>;
  if (seen.held > 0)
    return (
      <span class="live-state">
        {number(seen.held)} newer, {paused ? 'paused' : 'held while you read'}
      </span>
    );
  if (paused) return <span class="live-state">Paused</span>;
  if (seen.missed > 0) return <span class="live-state">Live · {number(seen.missed)} passed too fast to be listed</span>;
  return (
    <span class="live-state">
      <span class="pulse" aria-hidden="true" /> Live
    </span>
  );
}
