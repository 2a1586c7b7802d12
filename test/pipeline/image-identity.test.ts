import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import fc from 'fast-check';
import { hashFile, identityOf } from '../../src/pipeline/image-identity.ts';
import { faultOf, journalTestFolder } from './journal-set-up.ts';

const SHA = 'ab'.repeat(32);

test('the order of keys and what is undefined make no difference; everything else does', () => {
  const id = identityOf(SHA, {
    engines: ['embedded', 'nova'],
    hints: { position: { raDeg: 1, decDeg: 2 }, parity: 1 },
  });
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(
    identityOf(SHA.toUpperCase(), {
      extension: undefined,
      hints: { parity: 1, scale: undefined, position: { decDeg: 2, raDeg: 1 } },
      engines: ['embedded', 'nova'],
    }),
  ).toBe(id);
  const others = [
    identityOf('cd'.repeat(32), {
      engines: ['embedded', 'nova'],
      hints: { position: { raDeg: 1, decDeg: 2 }, parity: 1 },
    }),
    identityOf(SHA, { engines: ['nova', 'embedded'], hints: { position: { raDeg: 1, decDeg: 2 }, parity: 1 } }),
    identityOf(SHA, { engines: ['embedded', 'nova'], hints: { position: { raDeg: '1', decDeg: 2 }, parity: 1 } }),
    identityOf(SHA, {
      engines: ['embedded', 'nova'],
      hints: { position: { raDeg: 1, decDeg: 2 }, parity: 1 },
      extension: 0,
    }),
    identityOf(SHA, { engines: ['embedded', 'nova'] }),
    identityOf(SHA, {}),
  ];
  expect(new Set([id, ...others]).size).toBe(others.length + 1);
});

test.each([{ a: Number.NaN }, { a: [Infinity] }, { a: () => 1 }, { a: 1n }, { a: new Map() }, { a: [undefined] }])(
  '%o is refused: JSON would not tell it from others',
  (asked) => {
    expect(() => identityOf(SHA, asked)).toThrow(/^asked\.a/);
  },
);

test('two questions have the same identity if they are the same as JSON with the keys in order, and only then', () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value), fc.dictionary(fc.string(), value), (a, b) => {
      const sorted = (asked: object): string =>
        JSON.stringify(asked, (_, field: unknown) =>
          typeof field === 'object' && field !== null && !Array.isArray(field)
            ? Object.fromEntries(Object.entries(field).sort(([x], [y]) => (x < y ? -1 : 1)))
            : field,
        );
      expect(identityOf(SHA, a) === identityOf(SHA, b)).toBe(sorted(a) === sorted(b));
      expect(identityOf(SHA, Object.fromEntries(Object.entries(a).toReversed()))).toBe(identityOf(SHA, a));
    }),
  );
});

test.each([1, 1000, 256 * 1024, 3_000_001])('the hash of a file of %i bytes is its SHA-256', async (size) => {
  const path = join(journalTestFolder(), 'a.fits');
  const bytes = Buffer.alloc(size, 'starfix');
  writeFileSync(path, bytes);
  const { sha256, ...rest } = await hashFile(path);
  expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  expect(rest).toEqual({ size, mtimeNs: expect.any(BigInt) });
});

test('files that cannot be read are told apart', async () => {
  const folder = journalTestFolder();
  writeFileSync(join(folder, 'empty'), '');
  mkdirSync(join(folder, 'd'));
  expect((await faultOf(hashFile(join(folder, 'none')))).code).toBe('FILE_NOT_FOUND');
  expect((await faultOf(hashFile(join(folder, 'empty')))).code).toBe('FILE_EMPTY');
  expect((await faultOf(hashFile(join(folder, 'd')))).code).toBe('FILE_NOT_REGULAR');
});

test.each([
  ['grows', (path: string) => appendFileSync(path, 'x')],
  ['is written to', (path: string) => utimesSync(path, 1, 1)],
  [
    'is replaced',
    (path: string) => {
      writeFileSync(`${path}.new`, Buffer.alloc(2 ** 22));
      renameSync(`${path}.new`, path);
    },
  ],
])('a file that %s while it is read has no hash', async (_, change) => {
  const path = join(journalTestFolder(), 'a.fits');
  writeFileSync(path, Buffer.alloc(2 ** 22));
  let asked = 0;
  // Asked before every piece is read: at the fifth, the file is open and not yet at its end.
  const signal = {
    aborted: false,
    throwIfAborted() {
      if (++asked === 5) change(path);
    },
  } as AbortSignal;
  const { code, message } = await faultOf(hashFile(path, signal));
  expect(code).toBe('FILE_CHANGED');
  expect(message).toContain('a.fits: ');
});

test('reading is broken off with the reason of the signal', async () => {
  const path = join(journalTestFolder(), 'a.fits');
  writeFileSync(path, Buffer.alloc(2 ** 22));
  const stop = new AbortController();
  const reason = new Error('enough');
  const hashing = hashFile(path, stop.signal);
  stop.abort(reason);
  await expect(hashing).rejects.toBe(reason);
});
