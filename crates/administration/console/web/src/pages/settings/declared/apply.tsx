// Files are chosen, their plan is looked at, and then they are applied: never the other way round.

import { useEffect, useRef, useState } from 'preact/hooks';

import { api } from '../../../api/client';
import type { Plan } from '../../../api/types';
import { useDoing } from '../../../api/use';
import { Check } from '../../../ui/field';
import { ProblemNote } from '../../../ui/notes';
import { unseenIn } from '../../../ui/visible';
import { listed, number, some } from '../../../ui/words';
import { type Chosen, chosen } from './files';
import { PlanShown } from './plan';

const LEFT_MOST = 6;

export function Apply({ applied }: { applied: () => void }) {
  const [files, setFiles] = useState<Chosen>();
  const [prune, setPrune] = useState(false);
  const [plan, setPlan] = useState<Plan>();
  const planning = useDoing();
  const look = (of: Chosen, pruned: boolean) => {
    setPlan(undefined);
    if (of.files.length === 0) return Promise.resolve(false);
    return planning.run(async () =>
      setPlan(await api.post<Plan>('/v1/declared/plan', { files: of.files, prune: pruned })),
    );
  };
  const choose = async (list: FileList) => {
    const read = await chosen(list);
    setFiles(read);
    await look(read, prune);
  };
  const done = () => {
    setFiles(undefined);
    setPlan(undefined);
    applied();
  };
  return (
    <>
      <h3>Apply files</h3>
      <p class="soft">
        <code>*.toml</code> for people, groups and apps, <code>*.cedar</code> for policies. What they would do is shown
        first.
      </p>
      <Pick choose={(list) => void choose(list)} busy={planning.busy} />
      {files && <Files files={files} />}
      {files && files.files.length > 0 && (
        <Check
          label="Also take away what no file names"
          checked={prune}
          set={(on) => {
            setPrune(on);
            void look(files, on);
          }}
          hint="Otherwise what was made here by hand stays as it is."
        />
      )}
      <ProblemNote problem={planning.problem} />
      <div aria-live="polite">{planning.busy && <p class="loading soft">Working out what they would do …</p>}</div>
      {files && plan && (
        <PlanShown files={files.files} prune={prune} plan={plan} again={() => void look(files, prune)} done={done} />
      )}
    </>
  );
}

function Pick({ choose, busy }: { choose: (list: FileList) => void; busy: boolean }) {
  const folder = useRef<HTMLInputElement>(null);
  const some = useRef<HTMLInputElement>(null);
  const taken = (event: Event & { currentTarget: HTMLInputElement }) => {
    const { files } = event.currentTarget;
    if (files && files.length > 0) choose(files);
  };
  useEffect(() => {
    if (folder.current) folder.current.webkitdirectory = true;
  }, []);
  const open = (input: HTMLInputElement | null) => {
    if (!input) return;
    // The same files again are read again.
    input.value = '';
    input.click();
  };
  return (
    <p class="buttons">
      <input ref={folder} type="file" multiple hidden onChange={taken} />
      <input ref={some} type="file" multiple accept=".toml,.cedar" hidden onChange={taken} />
      <button type="button" class="button" disabled={busy} onClick={() => open(folder.current)}>
        Choose a folder
      </button>
      <button type="button" class="button" disabled={busy} onClick={() => open(some.current)}>
        Choose files
      </button>
    </p>
  );
}

function Unseen({ files }: { files: Chosen['files'] }) {
  const holding = files.filter((file) => unseenIn(file.text).length > 0);
  if (holding.length === 0) return null;
  const unseen = new Set(holding.flatMap((file) => unseenIn(file.text).map(({ character }) => character)));
  return (
    <p class="warning-words">
      !{' '}
      {some(
        holding.map((file) => file.name),
        LEFT_MOST,
      )}{' '}
      may not be what {holding.length === 1 ? 'it looks' : 'they look'} like: characters that are not seen,{' '}
      <code>{listed([...unseen])}</code>
    </p>
  );
}

function Files({ files: { files, left } }: { files: Chosen }) {
  return (
    <div aria-live="polite">
      {files.length === 0 ? (
        <p class="field-fault">✕ None of these is a *.toml or *.cedar file directly in the folder.</p>
      ) : (
        <p>
          {files.map((file, index) => (
            <span key={file.name}>
              {index > 0 && ', '}
              <code>{file.name}</code> <span class="small">{number(file.text.split('\n').length)} lines</span>
            </span>
          ))}
        </p>
      )}
      <Unseen files={files} />
      {left.length > 0 && files.length > 0 && <p class="small">Left aside: {some(left, LEFT_MOST)}.</p>}
    </div>
  );
}
