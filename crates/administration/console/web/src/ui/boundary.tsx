// A page that cannot be shown says so, and leaves the frame as it is.

import type { ComponentChildren } from 'preact';
import { useErrorBoundary } from 'preact/hooks';

import { Page } from './page';

export function Boundary({ children }: { children: ComponentChildren }) {
  const [fault, again] = useErrorBoundary((fault: unknown) => console.error(fault));
  if (fault === undefined) return <>{children}</>;
  return (
    <Page title="This page could not be shown">
      <div class="fault" role="alert">
        <p class="strong">The console met something that it does not know.</p>
        <p>
          The rest of it works. If this browser has kept an older console than the gateway serves, loading the page
          again helps. What went wrong: <code>{String(fault)}</code>
        </p>
        <p>
          <button type="button" class="button" onClick={again}>
            Try again
          </button>
        </p>
      </div>
    </Page>
  );
}
