// Characters that are not seen, or turn what follows round: shown as what they are, wherever text is shown.

import { type VNode, options } from 'preact';

/**
 * Controls but tab and line ends, marks of direction and joining, fillers, tags, halves of a character. A carriage
 * return that no line feed follows is drawn as nothing, and ends a line for who reads policies all the same.
 */
const UNSEEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]|\r(?!\n)|\p{Surrogate}/gu;

/** What ends a line, as policies are read. */
export const LINE_END = /\r\n|\n|\r/;

const escaped = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/** The text with each such character written out: `\u{202e}`. */
export const visible = (text: string): string => text.replace(UNSEEN, escaped);

/** Which of them a text holds, each once, and the line of the first. */
export function unseenIn(text: string): { character: string; line: number }[] {
  const first = new Map<string, number>();
  for (const found of text.matchAll(UNSEEN))
    if (!first.has(found[0])) first.set(found[0], text.slice(0, found.index).split(LINE_END).length);
  return [...first].map(([character, line]) => ({ character: escaped(character), line }));
}

/** Text that is drawn as it is: beneath a field that holds the same, where both must cover each other. */
export const raw = (text: string): object => new String(text);

/** What is read out or shown beside an element; values of fields stay as they are, since they are sent back. */
const SAID = ['title', 'aria-label', 'placeholder', 'label', 'alt'];

/** From now on nothing that is drawn holds such a character: neither in text nor in what is read out. */
export function showUnseen(): void {
  const before = options.vnode;
  options.vnode = (node: VNode) => {
    const { type, props } = node as { type: unknown; props: unknown };
    if (typeof props === 'string') (node as { props: unknown }).props = visible(props);
    else if (typeof type === 'string') {
      const given = props as Record<string, unknown>;
      for (const name of SAID) {
        const value = given[name];
        if (typeof value === 'string') given[name] = visible(value);
      }
    }
    before?.(node);
  };
}
