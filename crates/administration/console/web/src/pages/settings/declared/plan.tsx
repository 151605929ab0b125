// The plan of files: what changes, what that does to people, and the button that makes it so.

import { useChange } from '../../../api/change';
import { api } from '../../../api/client';
import { Permitted } from '../../../api/me';
import type { Applied, Plan, PolicyFile } from '../../../api/types';
import { say } from '../../../ui/announce';
import { Finish } from '../../../ui/finish';
import { Words } from '../../../ui/sentence';
import { count } from '../../../ui/words';
import { ComparisonShown, effectOf, takesAway } from '../../policies/comparison';
import { Changes, Undeclared } from './changes';

interface Shown {
  files: PolicyFile[];
  prune: boolean;
  plan: Plan;
  again: () => void;
  done: () => void;
}

export function PlanShown({ files, prune, plan, again, done }: Shown) {
  const { comparison } = plan;
  const applying = useChange('admin.policy.apply');
  const apply = async () => {
    const body = { files, prune, over: plan.over };
    const send = (how: { propose?: string }) => api.post<Applied>('/v1/declared/apply', body, how);
    if (!(await applying.run(send))) return;
    say('The files are applied');
    done();
  };
  if (plan.faults.length > 0) return <Faults faults={plan.faults} />;
  const nothing = plan.changes.length === 0;
  return (
    <div class="plan">
      <p class="strong after">
        {nothing
          ? 'Everything is as these files say already.'
          : `Applying them makes ${count(plan.changes.length, 'change')}:`}
      </p>
      {!nothing && <Changes changes={plan.changes} label="What applying these files would do" />}
      {!nothing && <ComparisonShown comparison={comparison} />}
      <Undeclared undeclared={plan.undeclared} prune={prune} />
      <Permitted action="admin.policy.apply" to="apply files" proposable>
        <Finish
          doing={applying}
          action={nothing ? 'Keep them as what is declared' : effectOf('Apply', comparison)}
          proposal={nothing ? 'Propose it' : effectOf('Propose it', comparison)}
          danger={takesAway(comparison)}
          again={applying.problem?.stale ? again : undefined}
          onPress={() => void apply()}
        />
      </Permitted>
    </div>
  );
}

export function Faults({ faults }: { faults: string[] }) {
  return (
    <div class="fault" role="alert">
      <p class="strong">These files have faults; nothing of them would be applied.</p>
      <ul class="lines">
        {faults.map((line) => (
          <li key={line}>
            <Words text={line} />
          </li>
        ))}
      </ul>
    </div>
  );
}
