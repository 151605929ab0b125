// Names and values, one pair a line.

import { useState } from 'preact/hooks';

import type { Problem } from '../api/problem';
import { Field } from './field';

const written = (value: Record<string, string>) =>
  Object.entries(value)
    .map(([name, text]) => `${name} = ${text}`)
    .join('\n');

export function read(text: string): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const [name = '', ...rest] = line.split('=');
    if (name.trim() !== '') pairs[name.trim()] = rest.join('=').trim();
  }
  return pairs;
}

interface Pairs {
  label: string;
  value: Record<string, string>;
  set: (value: Record<string, string>) => void;
  hint?: string;
  problem?: Problem | undefined;
  name?: string;
  disabled?: boolean;
}

export function PairsField({ label, value, set, hint, problem, name, disabled = false }: Pairs) {
  const [text, setText] = useState(() => written(value));
  return (
    <Field
      label={label}
      hint={
        <>
          One a line: <code>team = red</code>. {hint}
        </>
      }
      problem={problem}
      holds={text}
      {...(name ? { name } : {})}
    >
      {(parts) => (
        <textarea
          {...parts}
          class="mono"
          rows={Math.max(2, text.split('\n').length)}
          value={text}
          disabled={disabled}
          spellcheck={false}
          onInput={(event) => {
            setText(event.currentTarget.value);
            set(read(event.currentTarget.value));
          }}
        />
      )}
    </Field>
  );
}
