// Sealing a way in: where it will be kept, then its code, shown once.

import { useState } from 'preact/hooks';

import { api } from '../../api/client';
import type { SealedBreakGlass } from '../../api/types';
import { useDoing } from '../../api/use';
import { Dialog } from '../../ui/dialog';
import { TextField } from '../../ui/field';
import { ProblemNote } from '../../ui/notes';

export function Seal({ close }: { close: () => void }) {
  const doing = useDoing();
  const [label, setLabel] = useState('');
  const [sealed, setSealed] = useState<SealedBreakGlass>();
  const seal = () => doing.run(async () => setSealed(await api.post<SealedBreakGlass>('/v1/break-glass', { label })));
  return (
    <Dialog title="Seal a way in" close={close}>
      {sealed ? (
        <>
          <p>
            Write it down or print it, put it into an envelope, and keep no copy on a machine. It is shown only now, and
            is typed at <b>{sealed.url}</b>.
          </p>
          <div class="secret">
            <code class="whole">{sealed.code}</code>
          </div>
          {!sealed.opens && <p class="fault">A policy forbids what whoever uses it would have to do: see the list.</p>}
          <div class="buttons end">
            <button type="button" class="button" onClick={() => print()}>
              Print this page
            </button>
            <button type="button" class="button first" onClick={close}>
              Done
            </button>
          </div>
        </>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void seal();
          }}
        >
          <p>Whoever holds its code can be an owner for 30 minutes, without a passkey and without asking anybody.</p>
          <TextField
            label="Where it will be kept"
            value={label}
            set={setLabel}
            required
            hint="What people will look for: safe, second floor."
            name="label"
            problem={doing.problem}
          />
          <ProblemNote problem={doing.problem} />
          <div class="buttons end">
            <button type="button" class="button" onClick={close}>
              Leave it
            </button>
            <button type="submit" class="button first" disabled={doing.busy}>
              Seal it
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
