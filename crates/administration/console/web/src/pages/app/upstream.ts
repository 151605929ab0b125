// The words for what is spoken with servers, and for the bounds that an app may have of its own.

import type { Upstream } from '../../api/types';

export const PROTOCOLS: Record<NonNullable<Upstream['protocol']>, string> = {
  auto: 'as the server prefers',
  h1: 'HTTP/1.1',
  h2: 'HTTP/2',
};

export interface Limit {
  key: string;
  label: string;
  /** As it stands in a sentence: "2 s to connect". */
  words: string;
  unit: 'ms' | 'bytes';
}

export const LIMITS: Limit[] = [
  { key: 'connect_ms', label: 'Seconds to connect', words: 'to connect', unit: 'ms' },
  { key: 'first_byte_ms', label: "Seconds to an answer's head", words: "to an answer's head", unit: 'ms' },
  {
    key: 'response_idle_ms',
    label: 'Seconds it may stand still',
    words: 'while an answer stands still',
    unit: 'ms',
  },
  { key: 'request_body_bytes', label: "Bytes of a request's body", words: "in a request's body", unit: 'bytes' },
  { key: 'answer_head_bytes', label: "Bytes of an answer's head", words: "in an answer's head", unit: 'bytes' },
];
