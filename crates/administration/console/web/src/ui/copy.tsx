// Ids and addresses, quiet, with a button that copies them.

import { useState } from 'preact/hooks';

import { say } from './announce';
import { Icon } from './icon';

export function CopyButton({ text, label, wordy = false }: { text: string; label: string; wordy?: boolean }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      say('Copied');
      setTimeout(() => setDone(false), 2000);
    } catch {
      say('The browser does not let this page copy. Select the text instead.');
    }
  };
  return (
    <button
      type="button"
      class={wordy ? 'button' : 'icon-button'}
      aria-label={wordy ? undefined : label}
      title={label}
      onClick={copy}
    >
      <Icon name={done ? 'check' : 'copy'} />
      {wordy && <span>{done ? 'Copied' : 'Copy'}</span>}
    </button>
  );
}

export function Id({ children, label = 'Copy the id' }: { children: string; label?: string }) {
  return (
    <span class="id">
      <code>{children}</code>
      <CopyButton text={children} label={label} />
    </span>
  );
}
