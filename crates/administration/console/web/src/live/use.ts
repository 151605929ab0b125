// A stream for as long as a component shows it; another filter begins another.

import { useEffect, useState } from 'preact/hooks';

import { DecisionStream, type Filter, type Seen } from './stream';

const NOTHING: Seen = { rows: [], held: 0, missed: 0, since: undefined, problem: undefined, begun: false };

export interface Live {
  seen: Seen;
  hold: (held: boolean) => void;
}

export function useLive({ outcome, app, user }: Filter): Live {
  const [stream, setStream] = useState<DecisionStream>();
  const [seen, setSeen] = useState<Seen>(NOTHING);
  useEffect(() => {
    const made = new DecisionStream({ outcome, app, user });
    setStream(made);
    setSeen(NOTHING);
    const leave = made.subscribe(() => setSeen(made.read()));
    return () => {
      leave();
      made.stop();
    };
  }, [outcome, app, user]);
  return { seen, hold: (held) => stream?.hold(held) };
}
