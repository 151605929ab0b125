// The files of the draft.

import { useState } from 'preact/hooks';

import type { PolicyFault, PolicyFile } from '../../api/types';
import { Dialog } from '../../ui/dialog';
import { TextField } from '../../ui/field';
import { Icon } from '../../ui/icon';
import { count } from '../../ui/words';

interface Files {
  files: PolicyFile[];
  active: string | undefined;
  faults: PolicyFault[];
  inForce: PolicyFile[];
  set: (files: PolicyFile[]) => void;
  choose: (name: string) => void;
}

export function Files({ files, active, faults, inForce, set, choose }: Files) {
  const [adding, setAdding] = useState(false);
  const state = (file: PolicyFile): string => {
    const wrong = faults.filter((fault) => fault.file === file.name).length;
    if (wrong > 0) return `✕ ${count(wrong, 'fault')}`;
    const before = inForce.find((one) => one.name === file.name);
    if (!before) return 'new';
    return before.text === file.text ? '' : 'changed';
  };
  const gone = inForce.filter((file) => !files.some((one) => one.name === file.name));
  return (
    <nav class="files" aria-label="Policy files">
      <ul>
        {files.map((file) => (
          <li key={file.name}>
            <button
              type="button"
              class="file"
              aria-current={file.name === active ? 'true' : undefined}
              onClick={() => choose(file.name)}
            >
              <span class="mono">{file.name}</span>
              <span class={faults.some((fault) => fault.file === file.name) ? 'field-fault' : 'small'}>
                {state(file)}
              </span>
            </button>
          </li>
        ))}
        {gone.map((file) => (
          <li key={file.name} class="file gone">
            <span class="mono">{file.name}</span>
            <button type="button" class="link-button" onClick={() => set([...files, file])}>
              put back<span class="hidden"> {file.name}</span>
            </button>
          </li>
        ))}
      </ul>
      <div class="buttons">
        <button type="button" class="button small-button" onClick={() => setAdding(true)}>
          <Icon name="add" /> New file
        </button>
        {active && (
          <button
            type="button"
            class="button small-button danger"
            onClick={() => set(files.filter((file) => file.name !== active))}
          >
            Take this one out<span class="hidden">, {active}</span>
          </button>
        )}
      </div>
      {adding && (
        <NewFile
          taken={files.map((file) => file.name)}
          close={() => setAdding(false)}
          add={(name) => {
            set([...files, { name, text: '' }]);
            choose(name);
            setAdding(false);
          }}
        />
      )}
    </nav>
  );
}

function NewFile({ taken, close, add }: { taken: string[]; close: () => void; add: (name: string) => void }) {
  const [name, setName] = useState('');
  const whole = name.trim().endsWith('.cedar') ? name.trim() : `${name.trim()}.cedar`;
  const clash = taken.includes(whole);
  return (
    <Dialog title="A new policy file" close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!clash && name.trim() !== '') add(whole);
        }}
      >
        <TextField
          label="Name"
          mono
          value={name}
          set={setName}
          hint={
            clash
              ? `There is a ${whole} already.`
              : 'For example finance.cedar. Files are for readers: all of them are one set.'
          }
          required
        />
        <div class="buttons end">
          <button type="button" class="button" onClick={close}>
            Leave it
          </button>
          <button class="button first" disabled={clash || name.trim() === ''}>
            Add the file
          </button>
        </div>
      </form>
    </Dialog>
  );
}
