// Cases that must hold, tried under the draft.

import { useState } from 'preact/hooks';

import { api } from '../../api/client';
import type { PolicyCases, PolicyFile } from '../../api/types';
import { useDoing } from '../../api/use';
import { Chip } from '../../ui/chip';
import { LinesField } from '../../ui/field';
import { ProblemNote } from '../../ui/notes';

const EXAMPLE = `[[case]]
name = "contractors do not edit the wiki"
user = "bo"
app = "wiki"
path = "/edit/1"
expect = "deny"
`;

export function Cases({ files }: { files: PolicyFile[] }) {
  const [text, setText] = useState(EXAMPLE.split('\n'));
  const [result, setResult] = useState<PolicyCases>();
  const doing = useDoing();
  const run = () =>
    doing.run(async () =>
      setResult(await api.post<PolicyCases>('/v1/policies/test', { files, cases: text.join('\n') })),
    );
  return (
    <>
      <LinesField
        label="Cases"
        rows={7}
        value={text}
        set={setText}
        hint="TOML, as in the files of gatewright policy test."
      />
      <p class="buttons">
        <button type="button" class="button" disabled={doing.busy} onClick={run}>
          Try them
        </button>
      </p>
      <ProblemNote problem={doing.problem} />
      <div aria-live="polite">
        {result && (
          <>
            {result.faults.map((fault) => (
              <p class="field-fault" key={fault}>
                ✕ {fault}
              </p>
            ))}
            <ul class="card list after">
              {result.cases.map((one) => (
                <li class="row" key={one.name}>
                  {one.ok ? (
                    <Chip tone="allow" mark="✓">
                      holds
                    </Chip>
                  ) : (
                    <Chip tone="deny" mark="✕">
                      does not
                    </Chip>
                  )}
                  <div class="grow">
                    {one.name}
                    {!one.ok && (
                      <span class="under">
                        expected {one.expected}, came {one.came}
                        {one.because.length > 0 && ` because of ${one.because.join(', ')}`}
                      </span>
                    )}
                  </div>
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </>
  );
}
