// The files of a proposed set of policies, and what of them differs from those in force.

import { useMemo } from 'preact/hooks';

import type { PolicyFile } from '../../api/types';
import { Cedar } from '../../ui/cedar';
import { Chip } from '../../ui/chip';
import { difference, excerpt } from '../../ui/difference';
import { LINE_END } from '../../ui/visible';
import { count, listed } from '../../ui/words';

interface Difference {
  name: string;
  before: string | undefined;
  after: string | undefined;
}

/** Both sets, file by file, without those that are the same. */
function differing(before: PolicyFile[], after: PolicyFile[]): Difference[] {
  const names = [...new Set([...before, ...after].map(({ name }) => name))].sort();
  const text = (files: PolicyFile[], name: string) => files.find((file) => file.name === name)?.text;
  return names
    .map((name) => ({ name, before: text(before, name), after: text(after, name) }))
    .filter((file) => file.before !== file.after);
}

export function FilesCompared({ before, after }: { before: PolicyFile[]; after: PolicyFile[] }) {
  const changed = differing(before, after);
  const same = after.filter(({ name }) => !changed.some((file) => file.name === name)).map(({ name }) => name);
  return (
    <>
      {changed.map((file) => (
        <FileCompared key={file.name} file={file} />
      ))}
      {changed.length === 0 && <p>Its files are those in force, word for word.</p>}
      {changed.length > 0 && same.length > 0 && <p class="small after">As before: {listed(same)}.</p>}
    </>
  );
}

function FileCompared({ file: { name, before, after } }: { file: Difference }) {
  return (
    <div class="compared-file">
      <h3>
        <code>{name}</code>{' '}
        {before === undefined ? (
          <Chip tone="allow" mark="+">
            new
          </Chip>
        ) : after === undefined ? (
          <Chip tone="deny" mark="−">
            goes
          </Chip>
        ) : (
          <Chip tone="step" mark="~">
            changed
          </Chip>
        )}
      </h3>
      <Lines name={name} before={before ?? ''} after={after ?? ''} />
    </div>
  );
}

function Lines({ name, before, after }: { name: string; before: string; after: string }) {
  const lines = useMemo(() => excerpt(difference(before, after)), [before, after]);
  return (
    <pre class="cedar difference" tabIndex={0} aria-label={`What differs in ${name}`}>
      {lines.map((line, place) => {
        if (typeof line === 'number')
          return (
            <span key={place} class="left-out">
              … {count(line, 'line')} as before
            </span>
          );
        if (line.kind === 'added') return <ins key={place}>{`+ ${line.text}`}</ins>;
        if (line.kind === 'removed') return <del key={place}>{`− ${line.text}`}</del>;
        return <span key={place}>{`  ${line.text}`}</span>;
      })}
    </pre>
  );
}

/** Files alone, folded, where there is nothing to compare them with. */
export function FilesShown({ files }: { files: PolicyFile[] }) {
  return (
    <>
      {files.map((file) => (
        <details key={file.name}>
          <summary>
            <code>{file.name}</code> {count(file.text.split(LINE_END).length, 'line')}
          </summary>
          <Cedar text={file.text} />
        </details>
      ))}
    </>
  );
}
