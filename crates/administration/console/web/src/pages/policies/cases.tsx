// Cases that must hold, tried under the draft.

import { useState } from 'preact/hooks';

import { api } from '../../api/client';
import type { PolicyCases, PolicyFile } from '../../api/types';
import { useDoing } from '../../api/use';
import { Chip } from '../../ui/chip';
import { LinesField } from '../../ui/field';
import { ProblemNote } from '../../ui/notes';
import { Words } from '../../ui/sentence';

const EXAMPLE = `version = 1

[facts]
groups = { staff = {} }
users = { ana = { groups = ["staff"] }, bo = {} }
apps = { wiki = {} }

[[case]]
name = "the wiki is for staff"
who = "ana"
resource = "wiki"
expect = "allow"

[[case]]
name = "and for nobody else"
who = "bo"
resource = "wiki"
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
        rows={10}
        value={text}
        set={setText}
        hint="TOML, as gatewright policy test reads it. A case is asked over the facts beside it, never over real people."
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
                ✕ <Words text={fault} />
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
                    {one.differs?.map((line) => (
                      <span class="under" key={line}>
                        <Words text={line} />
                      </span>
                    ))}
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
