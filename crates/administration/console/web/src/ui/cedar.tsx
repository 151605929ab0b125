// Cedar, with its words told apart; the text stays plain text.

import type { ComponentChildren } from 'preact';

import { visible } from './visible';

const TOKENS =
  /(\/\/[^\n\r]*)|("(?:[^"\\\n\r]|\\.)*"?)|(@[A-Za-z_]\w*)|\b(permit|forbid|when|unless|if|then|else|in|is|has|like|true|false)\b|\b(principal|action|resource|context)\b|\b([A-Z]\w*(?=::|\b))/g;

const KINDS = ['comment', 'string', 'annotation', 'keyword', 'variable', 'type'] as const;

/** The text as spans: comments, strings, annotations, words of the language, variables, types. */
export function coloured(text: string, as: (part: string) => ComponentChildren = (part) => part): ComponentChildren[] {
  const out: ComponentChildren[] = [];
  let from = 0;
  for (const found of text.matchAll(TOKENS)) {
    if (found.index > from) out.push(as(text.slice(from, found.index)));
    const kind = KINDS[found.slice(1).findIndex((group) => group !== undefined)] ?? 'type';
    out.push(<span class={`c-${kind}`}>{as(found[0])}</span>);
    from = found.index + found[0].length;
  }
  out.push(as(text.slice(from)));
  return out;
}

/** A lone carriage return ends a line, and is seen where it does. */
const broken = (text: string): string => text.replace(/\r(?!\n)/g, (found) => `${visible(found)}\n`);

export function Cedar({ text }: { text: string }) {
  return (
    <pre class="cedar" tabIndex={0}>
      <code>{coloured(broken(text.trim()))}</code>
    </pre>
  );
}
