// What there is, as the files that declare it, in one archive.

import { api } from '../../../api/client';
import type { PolicyFile } from '../../../api/types';
import { useDoing } from '../../../api/use';
import { say } from '../../../ui/announce';
import { ProblemNote } from '../../../ui/notes';
import { zipped } from './zip';

function download(name: string, bytes: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(bytes);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
}

export function Export() {
  const doing = useDoing();
  const take = () =>
    doing.run(async () => {
      const { files } = await api.get<{ files: PolicyFile[] }>('/v1/declared/export');
      download('gatewright.zip', zipped(files, new Date()));
      say('The files are downloaded');
    });
  return (
    <>
      <h3>What there is, as files</h3>
      <p class="soft">
        Applied again, they change nothing: a beginning for whoever wants to keep everything in files. Passkeys,
        sessions and keys are never in them.
      </p>
      <p class="buttons">
        <button type="button" class="button" disabled={doing.busy} onClick={() => void take()}>
          Download them
        </button>
      </p>
      <ProblemNote problem={doing.problem} />
    </>
  );
}
