// Writing policies: checked as one types, asked under the draft, compared before they count.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { Policies, PolicyFault, PolicyFile } from '../../api/types';
import { useRead } from '../../api/use';
import { guardLeaving, useAddress } from '../../router';
import { ProblemNote, Shown } from '../../ui/notes';
import { Page, Section } from '../../ui/page';
import { Words } from '../../ui/sentence';
import { unseenIn } from '../../ui/visible';
import { count, number } from '../../ui/words';
import { Ask } from './ask';
import { Cases } from './cases';
import { Code, toLine } from './code';
import { type Check, sameFiles, useCheck } from './draft';
import { Files } from './files';
import { Save } from './save';

export function PolicyEditorPage() {
  const reading = useRead<Policies>('/v1/policies');
  return (
    <Page
      title="Edit the policies"
      above={<a href="/policies">Policies</a>}
      wide
      lead="A draft counts for nothing until it is saved, and it is compared with what is in force before."
    >
      <Shown reading={reading}>
        {(policies) => <Editor key={policies.version} policies={policies} again={reading.again} />}
      </Shown>
    </Page>
  );
}

const FIRST = `@id("wiki-for-staff")
permit (
    principal in Group::"staff",
    action == Action::"http.request",
    resource in App::"wiki"
);
`;

function Editor({ policies, again }: { policies: Policies; again: () => void }) {
  const { search } = useAddress();
  const [files, setFiles] = useState<PolicyFile[]>(
    policies.files.length > 0 ? policies.files : [{ name: 'policies.cedar', text: FIRST }],
  );
  const [active, setActive] = useState(search.get('file') ?? files[0]?.name ?? '');
  const area = useRef<HTMLTextAreaElement>(null);
  const check = useCheck(files);
  const file = files.find((candidate) => candidate.name === active) ?? files[0];
  const [proposed, setProposed] = useState<PolicyFile[]>();
  const dirty = !sameFiles(files, policies.files);
  const lost = dirty && !(proposed && sameFiles(files, proposed));
  useEffect(() => {
    guardLeaving(lost ? 'The draft is not saved. Leave it and lose what you wrote?' : undefined);
    return () => guardLeaving(undefined);
  }, [lost]);
  useEffect(() => {
    const line = Number(search.get('line'));
    if (line > 0) toLine(area.current, line);
  }, []);
  const faults = check.checked?.faults ?? [];
  const show = (fault: PolicyFault) => {
    setActive(fault.file);
    requestAnimationFrame(() => toLine(area.current, fault.line ?? 1));
  };
  return (
    <div class="editor">
      <Files
        files={files}
        active={file?.name}
        faults={faults}
        inForce={policies.files}
        set={setFiles}
        choose={setActive}
      />
      <div class="editor-main">
        {file && <Unseen file={file} />}
        {file && (
          <Code
            key={file.name}
            label={`Text of ${file.name}`}
            text={file.text}
            set={(text) => setFiles(files.map((one) => (one.name === file.name ? { ...one, text } : one)))}
            faulty={new Set(faults.filter((fault) => fault.file === file.name).map((fault) => fault.line ?? 1))}
            describedBy="checked"
            area={area}
          />
        )}
        <Faults check={check} show={show} />
        <Save
          files={files}
          policies={policies}
          dirty={dirty}
          faults={faults.length}
          again={again}
          proposed={setProposed}
        />
        <Section id="asking" title="What would the draft answer?">
          <Ask files={files} />
        </Section>
        <Section id="cases" title="Cases that must hold">
          <Cases files={files} />
        </Section>
      </div>
    </div>
  );
}

/** The text itself is shown as it is: what is in it and not seen is told above it. */
function Unseen({ file }: { file: PolicyFile }) {
  const unseen = useMemo(() => unseenIn(file.text), [file.text]);
  if (unseen.length === 0) return null;
  return (
    <div class="unseen" role="status">
      <p class="strong warning-words">! {file.name} may not be what it looks like.</p>
      <p>
        It holds characters that are not seen, or turn round what follows:{' '}
        {unseen.map(({ character, line }, index) => (
          <span key={character}>
            {index > 0 && ', '}
            <code>{character}</code> in line {number(line)}
          </span>
        ))}
        . Take them out; within a string they can be written as they stand here.
      </p>
    </div>
  );
}

function Faults({ check, show }: { check: Check; show: (fault: PolicyFault) => void }) {
  const { checked } = check;
  const lines: [PolicyFault, 'fault' | 'warning'][] = checked
    ? [
        ...checked.faults.map((fault): [PolicyFault, 'fault'] => [fault, 'fault']),
        ...checked.warnings.map((fault): [PolicyFault, 'warning'] => [fault, 'warning']),
      ]
    : [];
  return (
    <div class="checked">
      <p id="checked" role="status" class={checked && checked.faults.length > 0 ? 'field-fault' : 'small'}>
        {check.problem
          ? ''
          : !checked
            ? 'Checking …'
            : checked.faults.length > 0
              ? `✕ ${count(checked.faults.length, 'fault')}`
              : checked.warnings.length > 0
                ? `✓ No fault, ${count(checked.warnings.length, 'warning')}`
                : '✓ No fault'}
      </p>
      <ProblemNote problem={check.problem} />
      {lines.length > 0 && (
        <ul class="card list">
          {lines.map(([fault, kind]) => (
            <li class="row fault-row" key={`${fault.file} ${fault.line} ${fault.what}`}>
              <button type="button" class="link-button mono" onClick={() => show(fault)}>
                {fault.file}:{fault.line ?? 1}
              </button>
              <div class="grow">
                <span class={kind === 'fault' ? 'field-fault' : 'warning-words'}>
                  {kind === 'fault' ? '✕ ' : '! '}
                  <Words text={fault.what} />
                </span>
                {fault.help && (
                  <span class="under">
                    <Words text={fault.help} />
                  </span>
                )}
              </div>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
