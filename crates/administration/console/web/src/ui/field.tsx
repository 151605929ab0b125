// A labelled field, what it is for, and what is wrong with it.

import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';

import type { Problem } from '../api/problem';
import { Words } from './sentence';
import { unseenIn } from './visible';
import { listed } from './words';

interface Field {
  label: string;
  hint?: ComponentChildren;
  /** The problem of the last attempt; shown here if it names this field. */
  problem?: Problem | undefined;
  name?: string;
  /** What the field holds, where that is shown as it is. */
  holds?: string;
  children: (parts: {
    id: string;
    'aria-describedby': string | undefined;
    'aria-invalid': boolean | undefined;
  }) => ComponentChildren;
}

/** Whether a problem is about a field: `routes[1].paths[0]` is about `routes[1].paths` as well. */
export function about(problem: Problem | undefined, name: string | undefined): boolean {
  if (!problem?.field || !name) return false;
  return problem.field === name || (problem.field.startsWith(name) && /^[[.]/.test(problem.field.slice(name.length)));
}

export function Field({ label, hint, problem, name, holds = '', children }: Field) {
  const id = useId();
  const wrong = about(problem, name);
  const described = [hint ? `${id}-hint` : '', wrong ? `${id}-wrong` : ''].filter(Boolean).join(' ');
  return (
    <div class={wrong ? 'field wrong' : 'field'}>
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': wrong || undefined })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <Unseen text={holds} />
      {wrong && (
        <p class="field-fault" id={`${id}-wrong`}>
          <span aria-hidden="true">✕ </span>
          <Words text={[problem?.detail, problem?.help].filter(Boolean).join(' ')} />
        </p>
      )}
    </div>
  );
}

/** A field shows its text as it is: what is not seen in it is named below. */
function Unseen({ text }: { text: string }) {
  const unseen = unseenIn(text).map(({ character }) => character);
  if (unseen.length === 0) return null;
  return (
    <p class="warning-words">
      ! It holds what is not seen: <code>{listed(unseen)}</code>
    </p>
  );
}

interface TextField {
  label: string;
  value: string;
  set: (value: string) => void;
  hint?: ComponentChildren;
  problem?: Problem | undefined;
  name?: string;
  type?: 'text' | 'email' | 'datetime-local';
  required?: boolean;
  mono?: boolean;
  placeholder?: string;
  disabled?: boolean;
  /** How many characters it takes. */
  most?: number;
}

export function TextField(given: TextField) {
  const { value, set, type = 'text', required, mono, placeholder, disabled, most, ...field } = given;
  return (
    <Field {...field} holds={value}>
      {(parts) => (
        <input
          {...parts}
          type={type as 'text'}
          class={mono ? 'mono' : undefined}
          value={value}
          required={required}
          placeholder={placeholder}
          disabled={disabled}
          maxLength={most}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

interface NumberField {
  label: string;
  value: number | undefined;
  set: (value: number | undefined) => void;
  /** What is written counts so many: 1000 where seconds are milliseconds. */
  scale?: number;
  hint?: ComponentChildren;
  problem?: Problem | undefined;
  name?: string;
  placeholder?: string;
}

export function NumberField({ value, set, scale = 1, placeholder, ...field }: NumberField) {
  const [text, setText] = useState(value === undefined ? '' : String(value / scale));
  return (
    <Field {...field}>
      {(parts) => (
        <input
          {...parts}
          type="number"
          inputMode="decimal"
          min="0"
          step={scale === 1 ? '1' : 'any'}
          value={text}
          placeholder={placeholder}
          onInput={(event) => {
            const typed = event.currentTarget.value;
            setText(typed);
            set(typed === '' ? undefined : Math.round(Number(typed) * scale));
          }}
        />
      )}
    </Field>
  );
}

interface SelectField {
  label: string;
  value: string;
  set: (value: string) => void;
  options: [value: string, label: string][];
  hint?: ComponentChildren;
  problem?: Problem | undefined;
  name?: string;
}

export function SelectField({ value, set, options, ...field }: SelectField) {
  return (
    <Field {...field}>
      {(parts) => (
        <select {...parts} value={value} onChange={(event) => set(event.currentTarget.value)}>
          {options.map(([option, words]) => (
            <option key={option} value={option}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** One line each. */
export function LinesField({
  value,
  set,
  rows = 2,
  ...field
}: Omit<TextField, 'value' | 'set'> & { value: string[]; set: (lines: string[]) => void; rows?: number }) {
  return (
    <Field {...field} holds={value.join('\n')}>
      {(parts) => (
        <textarea
          {...parts}
          class="mono"
          rows={Math.max(rows, value.length)}
          value={value.join('\n')}
          spellcheck={false}
          onInput={(event) => set(event.currentTarget.value.split('\n'))}
        />
      )}
    </Field>
  );
}

/** What is written on lines, without those that are empty. */
export const filled = (lines: string[]): string[] => lines.map((line) => line.trim()).filter((line) => line !== '');

export function Check({
  label,
  hint,
  checked,
  set,
}: {
  label: string;
  hint?: string;
  checked: boolean;
  set: (on: boolean) => void;
}) {
  const id = useId();
  return (
    <div class="check">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => set(event.currentTarget.checked)}
      />
      <label for={id}>{label}</label>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
