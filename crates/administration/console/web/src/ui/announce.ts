// One polite live region for the whole console: what was done, said once.

import { visible } from './visible';

let region: HTMLElement | null = null;

export function announceIn(element: HTMLElement | null): void {
  region = element;
}

export function say(words: string): void {
  if (!region) return;
  const text = visible(words);
  // The same words twice are still two announcements.
  region.textContent = region.textContent === text ? `${text}\u00a0` : text;
}
