// A plain text area, with line numbers beside it and its own text, coloured, beneath it.

import type { RefObject } from 'preact';
import { useMemo, useRef } from 'preact/hooks';

import { coloured } from '../../ui/cedar';
import { raw } from '../../ui/visible';

/** Beyond this the colours cost more than they give while one types. */
const COLOURED_CHARACTERS = 60_000;

interface Code {
  label: string;
  text: string;
  set: (text: string) => void;
  /** Lines with faults, from 1. */
  faulty: Set<number>;
  describedBy: string;
  area: RefObject<HTMLTextAreaElement | null>;
}

export function Code({ label, text: given, set, faulty, describedBy, area }: Code) {
  // A text area ends its lines so, whatever it is given.
  const text = given.replace(/\r\n?/g, '\n');
  const beneath = useRef<HTMLPreElement>(null);
  const numbers = useRef<HTMLPreElement>(null);
  const lines = text.split('\n').length;
  const counted = useMemo(() => Array.from({ length: lines }, (_, index) => index + 1).join('\n'), [lines]);
  const shown = useMemo(() => (text.length > COLOURED_CHARACTERS ? [raw(text)] : coloured(text, raw)), [text]);
  const follow = (top: number, left: number) => {
    if (beneath.current) beneath.current.style.transform = `translate(${-left}px, ${-top}px)`;
    if (numbers.current) numbers.current.style.transform = `translateY(${-top}px)`;
  };
  return (
    <div class="code">
      <div class="code-numbers" aria-hidden="true">
        <pre ref={numbers}>
          {counted}
          {[...faulty].map((line) => (
            <span key={line} class="code-number-faulty" style={{ top: `${(line - 1) * 20}px` }}>
              ✕ {line}
            </span>
          ))}
        </pre>
      </div>
      <div class="code-text">
        <pre ref={beneath} class="code-beneath" aria-hidden="true">
          <span class="code-faults">
            {[...faulty].map((line) => (
              <span key={line} class="code-fault" style={{ top: `${(line - 1) * 20}px` }} />
            ))}
          </span>
          {shown}
          {'\n'}
        </pre>
        <textarea
          ref={area}
          aria-label={label}
          aria-describedby={describedBy}
          aria-invalid={faulty.size > 0 || undefined}
          value={text}
          spellcheck={false}
          autocomplete="off"
          wrap="off"
          onInput={(event) => set(event.currentTarget.value)}
          onScroll={(event) => follow(event.currentTarget.scrollTop, event.currentTarget.scrollLeft)}
        />
      </div>
    </div>
  );
}

/** Puts the caret at the beginning of a line, in view. */
export function toLine(area: HTMLTextAreaElement | null, line: number): void {
  if (!area) return;
  const lines = area.value.split('\n');
  const before = lines.slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
  area.focus();
  area.setSelectionRange(before, before + (lines[line - 1]?.length ?? 0));
  area.scrollTop = Math.max(0, (line - 6) * 20);
}
