// The gateway's clock, and whether it is trusted.

import { api } from '../../api/client';
import type { Clock } from '../../api/types';
import { useDoing, useRead } from '../../api/use';
import { say } from '../../ui/announce';
import { Chip } from '../../ui/chip';
import { ProblemNote, Shown } from '../../ui/notes';
import { Moment } from '../../ui/time';

export function ClockShown() {
  const reading = useRead<Clock>('/v1/clock');
  const doing = useDoing();
  const agree = async () => {
    if (!(await doing.run(() => api.post('/v1/clock/confirm')))) return;
    say('The time is confirmed');
    reading.again();
  };
  return (
    <Shown reading={reading}>
      {(clock) =>
        clock.fault === undefined ? (
          <p>
            <Chip tone="allow" mark="✓">
              trusted
            </Chip>{' '}
            It is <Moment at={clock.now} /> at the gateway.
          </p>
        ) : (
          <div class="fault">
            <p class="strong">{clock.fault}</p>
            <p>
              The gateway takes it to be <Moment at={clock.now} />. Until somebody confirms it, policies that speak of
              the time deny.
            </p>
            <ProblemNote problem={doing.problem} />
            <p>
              <button type="button" class="button" disabled={doing.busy} onClick={agree}>
                That is the time
              </button>
            </p>
          </div>
        )
      }
    </Shown>
  );
}
