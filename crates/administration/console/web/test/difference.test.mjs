// What differs between two texts: lines as policies are read, and nothing in them that is not seen.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { runnerImport } from 'vite';

const SOURCE = fileURLToPath(new URL('../src/ui/difference.ts', import.meta.url));

describe('what differs', () => {
  let difference;
  before(async () => {
    ({ difference } = (await runnerImport(SOURCE, { configFile: false, logLevel: 'error' })).module);
  });

  const SIGNS = { same: ' ', added: '+', removed: '-' };
  const told = (before, after) => difference(before, after).map(({ kind, text }) => `${SIGNS[kind]}${text}`);

  test('is told line by line', () => {
    assert.deepEqual(told('a\nb\nc\n', 'a\nd\nc\n'), [' a', '-b', '+d', ' c']);
    assert.deepEqual(told('', 'a\n\nb'), ['+a', '+', '+b']);
    assert.deepEqual(told('a\n', ''), ['-a']);
    assert.deepEqual(told('', ''), []);
  });

  test('begins a line after a lone carriage return, which is seen', () => {
    assert.deepEqual(told('a\n', 'a\n// fine\rpermit;\n'), [' a', '+// fine\\u{d}', '+permit;']);
    assert.deepEqual(told('a\r\n', 'a\r\n// fine\rpermit;\r\n'), [' a', '+// fine\\u{d}', '+permit;']);
    assert.deepEqual(told('// fine\npermit;\n', '// fine\rpermit;\n'), ['-// fine', '+// fine\\u{d}', ' permit;']);
    assert.deepEqual(told('', 'a\r\rb\r'), ['+a\\u{d}', '+\\u{d}', '+b\\u{d}']);
  });

  test('shows a carriage return before a line feed where other lines have none', () => {
    assert.deepEqual(told('a\r\nb\r\n', 'a\r\nc\r\n'), [' a', '-b', '+c']);
    assert.deepEqual(told('a\nb\n', 'a\nb\r\n'), [' a', '-b', '+b\\u{d}']);
    assert.deepEqual(told('a\nb\n', 'a\r\nb\r\n'), ['-a', '-b', '+a\\u{d}', '+b\\u{d}']);
  });

  test('writes out all that is not seen, and leaves tabs and letters', () => {
    for (const code of [0x0, 0x8, 0xb, 0xc, 0x1b, 0x7f, 0x85, 0x9f, 0xad, 0x200b, 0x200e, 0x202e, 0x2028, 0x2029])
      assert.deepEqual(
        told('', `// a${String.fromCodePoint(code)}b\n`),
        [`+// a\\u{${code.toString(16)}}b`],
        code.toString(16),
      );
    for (const code of [0x2060, 0x2066, 0x2069, 0xfeff, 0xe0041])
      assert.deepEqual(told('', String.fromCodePoint(code)), [`+\\u{${code.toString(16)}}`]);
    assert.deepEqual(told('', '\té 漢 𝒳\n'), ['+\té 漢 𝒳']);
  });

  test('tells apart what is written out and what only looks like it', () => {
    assert.deepEqual(told('\\u{202e}\n', '\u202e\n'), ['-\\u{202e}', '+\\u{202e}']);
  });
});
