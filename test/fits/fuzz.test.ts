import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SolveError } from '../../src/errors.ts';
import { FIXTURES, readBytes } from './golden.ts';

// Park and Miller: the same damage in every run; a case that fails is named by its number.
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

const WORDS = [
  '0',
  '-1',
  '1',
  '2',
  '3',
  '7',
  '999',
  '1000',
  '65536',
  '2147483647',
  '2147483648',
  '-2147483648',
  '4294967296',
  '1000000000000',
  '9007199254740993',
  '1E300',
  '-1E300',
  '1D400',
  'NaN',
  '1.5',
  'T',
  'F',
  "'RICE_1  '",
  "'GZIP_1  '",
  "'GZIP_2  '",
  "'NOCOMPRESS'",
  "'1PB(9999999999)'",
  "'1QB     '",
  "'999999999999A'",
  "'1J      '",
  "'IMAGE   '",
  "'BINTABLE'",
  '',
  '-32',
  '64',
  '16',
  '8',
];

/** Cards whose numbers decide about sizes: half of the damage goes there. */
const TELLING = /^(BITPIX|NAXIS|PCOUNT|GCOUNT|TFIELDS|TFORM|THEAP|Z|XTENSION|SIMPLE|GROUPS|B)/;

function damage(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  let out = Uint8Array.from(bytes);
  for (let times = 1 + random(3); times > 0; times--) {
    switch (random(6)) {
      case 0:
        for (let flips = 1 + random(20); flips > 0; flips--) out[random(out.length)] = random(256);
        break;
      case 1:
        out = out.slice(0, random(out.length));
        if (out.length === 0) return out;
        break;
      case 2: {
        // Data alone: descriptors, packed bytes.
        const from = Math.floor(out.length / 2);
        for (let flips = 1 + random(50); flips > 0; flips--) out[from + random(out.length - from)] = random(256);
        break;
      }
      case 3:
        out.copyWithin(80 * random(Math.ceil(out.length / 80)), 80 * random(Math.ceil(out.length / 80)));
        break;
      default:
        replaceValue(out, random);
    }
  }
  return out;
}

function replaceValue(bytes: Uint8Array, random: (below: number) => number): void {
  const places: number[] = [];
  for (let at = 0; at + 80 <= bytes.length; at += 80) {
    if (bytes[at + 8] === 0x3d && TELLING.test(Buffer.from(bytes.buffer, at, 8).toString('latin1'))) places.push(at);
  }
  const at = places[random(Math.max(1, places.length))];
  if (at === undefined) return;
  const word = WORDS[random(WORDS.length)]!;
  bytes.set(Buffer.from(word.padStart(word.startsWith("'") ? 0 : 20).padEnd(70)), at + 10);
}

test(
  'thousands of damaged files are read or end in a named fault, in time and without much memory',
  { timeout: 120_000 },
  async () => {
    const files = readdirSync(FIXTURES).filter((name) => /\.fits/.test(name));
    const originals = files.map((name) => Uint8Array.from(readFileSync(join(FIXTURES, name))));
    const faults = new Map<string, number>();
    let slowest = 0;
    let slowestCase = '';
    const before = process.memoryUsage().arrayBuffers;
    let mostMemory = 0;
    for (let run = 0; run < 6000; run++) {
      const random = randomFrom(run + 1);
      random(2);
      const which = random(files.length);
      const bytes = damage(originals[which]!, random);
      const name = `case ${run} of ${files[which]}`;
      const start = performance.now();
      let outcome = 'read';
      try {
        const image = await readBytes(bytes, name);
        expect(image.pixels.length, name).toBe(image.width * image.height * image.planes);
      } catch (error) {
        if (!(error instanceof SolveError)) throw new Error(name, { cause: error });
        expect(error.message.startsWith(name), error.message).toBe(true);
        outcome = error.code;
      }
      const took = performance.now() - start;
      if (took > slowest) {
        slowest = took;
        slowestCase = name;
      }
      mostMemory = Math.max(mostMemory, process.memoryUsage().arrayBuffers - before);
      faults.set(outcome, (faults.get(outcome) ?? 0) + 1);
    }
    expect(slowest, slowestCase).toBeLessThan(2000);
    expect(mostMemory).toBeLessThan(3e8);
    // The damage reaches everything: otherwise this test would prove little.
    const reached = ['read', 'FITS_HEADER', 'FITS_TRUNCATED', 'FITS_NO_IMAGE', 'FITS_COMPRESSION', 'FORMAT_UNKNOWN'];
    for (const code of [...reached, 'IMAGE_CORRUPT', 'IMAGE_TOO_LARGE', 'GZIP_CORRUPT']) {
      expect(faults.get(code) ?? 0, `${code} of ${JSON.stringify([...faults])}`).toBeGreaterThan(0);
    }
  },
);
