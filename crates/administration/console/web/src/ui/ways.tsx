// What would open it: joint steps are numbered, alternatives are apart.

import type { Way } from '../api/types';

export function Ways({ ways }: { ways: Way[] }) {
  if (ways.length === 0) return <span>No way was found that would open it.</span>;
  return (
    <ul class="ways">
      {ways.map((way, index) => (
        <li key={way.steps.join()}>
          {index > 0 && <span class="or">or </span>}
          {way.steps.length === 1 ? (
            <span>{way.steps[0]}</span>
          ) : (
            <ol class="steps">
              {way.steps.map((step) => (
                <li key={step}>{step}</li>
              ))}
            </ol>
          )}
          <span class="under">{way.alone ? 'They can do it themselves.' : 'Somebody else has to do it.'}</span>
        </li>
      ))}
    </ul>
  );
}
