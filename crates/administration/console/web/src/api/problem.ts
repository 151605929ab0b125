// RFC 9457: what went wrong (`detail`) and what to do next (`help`).

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    readonly title: string,
    readonly detail: string,
    readonly help?: string,
    readonly field?: string,
    readonly faults: string[] = [],
    readonly decision?: string,
    /** Who asked may propose it, for somebody else to make. */
    readonly proposable = false,
  ) {
    super(detail || title);
  }

  /** What happened and what to do, in one line without marks. */
  get sentences(): string {
    return [this.detail, this.help]
      .filter(Boolean)
      .map((text) => text?.replaceAll('`', ''))
      .join(': ');
  }

  /** Somebody else changed the thing since it was read. */
  get stale(): boolean {
    return this.status === 412 || this.type === 'stale';
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Reads a problem document; an answer that is none still becomes sentences. */
export async function problemOf(response: Response): Promise<Problem> {
  let body: Record<string, unknown> = {};
  try {
    const read: unknown = await response.json();
    if (typeof read === 'object' && read !== null) body = read as Record<string, unknown>;
  } catch {
    // Not a document: what follows says so.
  }
  const faults = Array.isArray(body.faults) ? body.faults.filter((line) => typeof line === 'string') : [];
  return new Problem(
    response.status,
    text(body.type) ?? 'failed',
    text(body.title) ?? 'That did not work',
    text(body.detail) ?? `Gatewright answered ${response.status} and gave no reason.`,
    text(body.help),
    text(body.field),
    faults,
    text(body.decision),
    body.proposable === true,
  );
}

/** Nothing answered at all. */
export function unreachable(): Problem {
  return new Problem(
    0,
    'unreachable',
    'Gatewright does not answer',
    'Gatewright does not answer.',
    'Check that it runs and that this browser can reach it, then try again.',
  );
}

/** Something answered that is not the API. */
export function unreadable(): Problem {
  return new Problem(
    0,
    'failed',
    'The answer could not be read',
    'The answer could not be read.',
    'Something between this browser and Gatewright may have answered in its place. Try again.',
  );
}

/** The session ended while the page loaded. */
export function signedOut(): Problem {
  return new Problem(
    401,
    'denied',
    'Signed out',
    'Your session is over, or the console is not open to you any more.',
    'Load this page again to sign in.',
  );
}

/** Any failure as one that can be shown. */
export function asProblem(fault: unknown): Problem {
  if (fault instanceof Problem) return fault;
  if (fault instanceof TypeError) return unreachable();
  return new Problem(0, 'failed', 'That did not work', fault instanceof Error ? fault.message : String(fault));
}
