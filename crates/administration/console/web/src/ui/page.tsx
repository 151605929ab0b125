// A page: its title, its heading, and the focus that comes to it on navigation.

import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

import { visible } from './visible';

let navigated = false;

/** From now on what is new takes the focus; the first page leaves it where the browser put it. */
export function focusOnNavigation(): void {
  navigated = true;
}

export const takesFocus = (): boolean => navigated;

interface Page {
  title: string;
  /** What stands over the heading: where one comes from. */
  above?: ComponentChildren;
  /** What stands beside it, quiet. */
  aside?: ComponentChildren;
  lead?: ComponentChildren;
  /** The heading, where it says more than the title. */
  heading?: ComponentChildren;
  /** Takes the whole width of the window. */
  wide?: boolean;
  children: ComponentChildren;
}

export function Page({ title, above, aside, lead, heading, wide = false, children }: Page) {
  const top = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    document.title = visible(`${title} · Gatewright`);
  }, [title]);
  useLayoutEffect(() => {
    if (!navigated) return;
    top.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, []);
  return (
    <div class={wide ? 'page wide' : 'page'}>
      {above && <p class="above">{above}</p>}
      <div class="page-head">
        <h1 ref={top} tabIndex={-1}>
          {heading ?? title}
        </h1>
        {aside && <div class="aside">{aside}</div>}
      </div>
      {lead && <p class="lead">{lead}</p>}
      {children}
    </div>
  );
}

export function Section({
  title,
  aside,
  children,
  id,
}: {
  title: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
  id: string;
}) {
  return (
    <section aria-labelledby={id}>
      <div class="section-head">
        <h2 id={id}>{title}</h2>
        {aside && <div class="aside">{aside}</div>}
      </div>
      {children}
    </section>
  );
}
