// Waiting for conditions, never for a while.

const TURN_MS = 20;

/**
 * Resolves with the first truthy value of `condition`; fails, naming `what`, after `atMost` milliseconds.
 * An error thrown by the condition counts as "not yet" and is told if it never changes.
 */
export async function until(what, condition, atMost = 15_000) {
  const deadline = performance.now() + atMost;
  let last;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${atMost} ms in vain until ${what}`, { cause: last });
    }
    await new Promise((resolve) => setTimeout(resolve, TURN_MS));
  }
}
