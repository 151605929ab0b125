// Approving, declining, taking back: each asked before it is done.

import { useState } from 'preact/hooks';

import { api, to } from '../../api/client';
import type { Comparison, Plan, Proposal } from '../../api/types';
import { type Reading, useDoing } from '../../api/use';
import { proposalsChanged } from '../../api/waiting';
import { say } from '../../ui/announce';
import { Confirm, Dialog } from '../../ui/dialog';
import { TextField } from '../../ui/field';
import { Finish } from '../../ui/finish';
import { Noted, What } from '../../ui/proposal';
import { effectOf, takesAway } from '../policies/comparison';
import { type Said, comparisonOf, faultsOf, hasMoved, isOfPolicies } from './effect';

interface Settle {
  proposal: Proposal;
  says: Said | undefined;
  effect: Reading<Comparison | Plan>;
  again: () => void;
}

type Asked = 'approve' | 'decline' | 'withdraw';

export function Settle({ proposal, says, effect, again }: Settle) {
  const [asked, setAsked] = useState<Asked>();
  const { own, may_approve, outdated, state } = proposal;
  if (state !== 'waiting' || !(own || may_approve)) return null;
  const close = () => setAsked(undefined);
  const done = () => {
    close();
    again();
    proposalsChanged();
  };
  const { value } = effect;
  const closed = value !== undefined && (faultsOf(value).length > 0 || hasMoved(value, says ?? {}));
  return (
    <>
      <div class="buttons">
        {may_approve && !outdated && (
          <button
            type="button"
            class="button first"
            disabled={effect.busy || closed}
            onClick={() => setAsked('approve')}
          >
            Approve
          </button>
        )}
        {may_approve && (
          <button type="button" class="button" onClick={() => setAsked('decline')}>
            Decline
          </button>
        )}
        {own && (
          <button type="button" class="button" onClick={() => setAsked('withdraw')}>
            Withdraw
          </button>
        )}
      </div>
      {asked === 'approve' && <Approve proposal={proposal} effect={effect} close={close} done={done} />}
      {asked === 'decline' && <Decline proposal={proposal} close={close} done={done} />}
      {asked === 'withdraw' && <Withdraw proposal={proposal} close={close} done={done} />}
    </>
  );
}

interface Asking {
  proposal: Proposal;
  close: () => void;
  done: () => void;
}

function Approve({ proposal, effect, close, done }: Asking & { effect: Reading<Comparison | Plan> }) {
  const doing = useDoing();
  const comparison = effect.value && comparisonOf(effect.value);
  const approve = async () => {
    if (!(await doing.run(() => api.post(to('proposals', proposal.id, 'approve'))))) return;
    say('It is approved, and made');
    done();
  };
  return (
    <Confirm
      title="Approve this change?"
      action={comparison ? effectOf('Approve', comparison) : 'Approve it'}
      danger={comparison !== undefined && takesAway(comparison)}
      doing={doing}
      close={close}
      onConfirm={() => void approve()}
    >
      <p>
        <b>
          <What proposal={proposal} />
        </b>
        , as {proposal.by} proposed it.
      </p>
      <Noted proposal={proposal} />
      <p>
        It is made at once, in your name and by your rights.
        {isOfPolicies(proposal) && !comparison && ' What it does to people is not known here.'}
      </p>
    </Confirm>
  );
}

function Decline({ proposal, close, done }: Asking) {
  const doing = useDoing();
  const [why, setWhy] = useState('');
  const decline = async (event: Event) => {
    event.preventDefault();
    if (!(await doing.run(() => api.post(to('proposals', proposal.id, 'decline'), { why: why.trim() })))) return;
    say('It is declined');
    done();
  };
  return (
    <Dialog title="Decline this change?" close={close}>
      <form onSubmit={(event) => void decline(event)}>
        <p>Nothing is changed. {proposal.by} sees your reason, and may propose it again.</p>
        <TextField
          label="Why"
          value={why}
          set={setWhy}
          hint="What would have to be different, where you know."
          problem={doing.problem}
          name="why"
          most={500}
          required
        />
        <Finish doing={doing} action="Decline it" ready={why.trim() !== ''} leave={close} />
      </form>
    </Dialog>
  );
}

function Withdraw({ proposal, close, done }: Asking) {
  const doing = useDoing();
  const withdraw = async () => {
    if (!(await doing.run(() => api.remove(to('proposals', proposal.id))))) return;
    say('It is withdrawn');
    done();
  };
  return (
    <Confirm
      title="Withdraw your proposal?"
      action="Withdraw it"
      doing={doing}
      close={close}
      onConfirm={() => void withdraw()}
    >
      <p>Nobody can approve it any more, and nothing is changed. You may propose it again.</p>
    </Confirm>
  );
}
