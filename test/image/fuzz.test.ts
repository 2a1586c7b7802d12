import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SolveError } from '../../src/errors.ts';
import { exifHints } from '../../src/image/exif-hints.ts';
import { readFrame } from '../../src/image/open-frame.ts';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { dng } from './make-dng.ts';
import { F64, I16, U16, cycle, tiff } from './make-images.ts';
import { xisf } from './make-xisf.ts';

// Park and Miller: the same damage in every run; a case that fails is named by its number.
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

const NUMBERS = [
  '0',
  '1',
  '-1',
  '15',
  '16',
  '65536',
  '2147483648',
  '4294967296',
  '999999999999999',
  '1e300',
  'NaN',
  '',
];
const WORDS = [
  'zlib',
  'lz4+sh',
  'zstd',
  'attachment',
  'inline',
  'embedded',
  'UInt8',
  'Float64',
  'RGB',
  'normal',
  '<',
  '&a;',
  '"',
];

/** Front: where structure is, as a share of the file. */
function damage(original: Uint8Array, random: (below: number) => number, front: number): Uint8Array {
  let out: Uint8Array = Uint8Array.from(original);
  for (let times = 1 + random(3); times > 0 && out.length > 0; times--) {
    const near = Math.max(1, Math.floor(out.length * front));
    switch (random(5)) {
      case 0:
        out = out.slice(0, random(out.length));
        break;
      case 1:
        for (let flips = 1 + random(20); flips > 0; flips--) out[random(out.length)] = random(256);
        break;
      case 2:
        for (let flips = 1 + random(4); flips > 0; flips--) out[random(near)] = random(256);
        break;
      case 3:
        out.copyWithin(random(out.length), random(out.length), random(out.length));
        break;
      default:
        out = replaceWord(out, random, near);
    }
  }
  return out;
}

/** Puts another number or word in the place of one, if there is text. */
function replaceWord(bytes: Uint8Array, random: (below: number) => number, near: number): Uint8Array {
  const head = Buffer.from(bytes.subarray(0, near)).toString('latin1');
  const places = [...head.matchAll(/\d+|[A-Za-z0-9+]{3,}/g)];
  const place = places[random(Math.max(1, places.length))];
  if (place === undefined) return bytes;
  const list = /^\d/.test(place[0]) ? NUMBERS : WORDS;
  const word = Buffer.from(list[random(list.length)]!, 'latin1');
  const rest = bytes.subarray(place.index + place[0].length);
  // What follows the text stays where it was: there are zeros between the two.
  const room = rest.indexOf(0);
  const gap = Math.max(0, rest.findIndex((byte, i) => i > room && byte !== 0) - room);
  const grown = Math.min(gap, word.length - place[0].length);
  const zeros = Buffer.alloc(Math.max(0, -grown));
  const behind = rest.subarray(room + Math.max(0, grown));
  return Buffer.concat([bytes.subarray(0, place.index), word, rest.subarray(0, room), zeros, behind]);
}

/** Opens damaged files; gives how often each end came. */
async function hold(
  originals: readonly Uint8Array[],
  runs: number,
  front: number,
  limits: { readonly slowestMs: number; readonly bytes: number },
): Promise<ReadonlyMap<string, number>> {
  const ends = new Map<string, number>();
  const before = process.memoryUsage().arrayBuffers;
  let slowest = 0;
  let most = 0;
  for (let run = 0; run < runs; run++) {
    const random = randomFrom(run + 1);
    random(2);
    const which = random(originals.length);
    const bytes = damage(originals[which]!, random, front);
    const name = `case ${run} of ${which}`;
    const start = performance.now();
    let end = 'read';
    try {
      const frame = await readFrame(bytesSource(bytes, name));
      expect(frame.pixels.length, name).toBe(frame.width * frame.height);
    } catch (error) {
      if (!(error instanceof SolveError)) throw new Error(name, { cause: error });
      expect(error.code, error.message).not.toBe('INTERNAL');
      expect(error.message.startsWith(name), error.message).toBe(true);
      end = error.code;
    }
    slowest = Math.max(slowest, performance.now() - start);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  expect(slowest).toBeLessThan(limits.slowestMs);
  expect(most).toBeLessThan(limits.bytes);
  return ends;
}

function fixtures(folder: string): Buffer[] {
  const url = new URL(`../../fixtures/${folder}/`, import.meta.url);
  return readdirSync(url).map((name) => readFileSync(new URL(name, url)));
}

const LIMITS = { slowestMs: 3000, bytes: 3e8 };

test('thousands of damaged XISF files are read or end in a named fault', { timeout: 120_000 }, async () => {
  const shape = { width: 20, height: 20, format: 'UInt16', numbers: U16, values: cycle([1, 2, 300], 400) };
  const inline = Buffer.alloc(800, 7).toString('base64');
  const children = '<Property id="Observation:Center:RA" value="10"/><FITSKeyword name="RA" value="10" comment="deg"/>';
  const files = [
    ...fixtures('xisf'),
    xisf({ ...shape, children }),
    xisf({ ...shape, data: new Uint8Array(), attributes: { location: 'inline:base64' }, children: inline }),
  ];
  // The zeros behind the text count as header, so that it may grow.
  const padded = files.map((file, i) => {
    const copy = Buffer.from(file);
    copy.writeUInt32LE(i < files.length - 2 ? 1008 : 4080, 8);
    return copy;
  });
  const ends = await hold(padded, 4000, 0.15, LIMITS);
  // The damage reaches everything: otherwise this test would prove little.
  for (const code of ['read', 'IMAGE_CORRUPT', 'FORMAT_UNSUPPORTED', 'IMAGE_TOO_LARGE', 'IMAGE_TOO_SMALL']) {
    expect(ends.get(code) ?? 0, `${code} of ${JSON.stringify([...ends])}`).toBeGreaterThan(0);
  }
});

test('thousands of damaged TIFF files are read or end in a named fault', { timeout: 120_000 }, async () => {
  const shape = { width: 40, height: 30 };
  const files = [
    ...fixtures('tiff'),
    tiff({ ...shape, numbers: I16, values: cycle([-5, 7], 1200), deflate: true }),
    tiff({ ...shape, numbers: F64, values: cycle([0.5, 7], 1200), big: true, little: false }),
  ];
  // Directories stand at the end.
  const ends = await hold(
    files.map((file) => file),
    1500,
    1,
    LIMITS,
  );
  for (const code of ['read', 'IMAGE_CORRUPT', 'FORMAT_UNSUPPORTED', 'IMAGE_TOO_LARGE']) {
    expect(ends.get(code) ?? 0, `${code} of ${JSON.stringify([...ends])}`).toBeGreaterThan(0);
  }
});

test('damaged directories of TIFF, byte by byte', { timeout: 120_000 }, async () => {
  const whole = tiff({ width: 16, height: 16, numbers: I16, values: cycle([1, 2], 256) });
  const directory = whole.readUInt32LE(4);
  for (let at = directory; at < whole.length; at++) {
    for (const value of [0, 1, 127, 255]) {
      const bytes = Uint8Array.from(whole);
      bytes[at] = value;
      await readFrame(bytesSource(bytes, 'a.tif')).catch((error: unknown) => {
        expect(error, `byte ${at} = ${value}`).toBeInstanceOf(SolveError);
      });
    }
  }
});

test('damaged raw files are read or end in a named fault', { timeout: 120_000 }, async () => {
  const values = cycle([400, 500, 3000], 128 * 96);
  const file = dng({ width: 128, height: 96, values, filters: [0, 1, 1, 2], exif: [[37386, 5, [135]]] });
  const ends = await hold([file], 60, 1, { ...LIMITS, bytes: 5e8 });
  for (const code of ['read', 'FORMAT_UNSUPPORTED']) {
    expect(ends.get(code) ?? 0, `${code} of ${JSON.stringify([...ends])}`).toBeGreaterThan(0);
  }
});

test('damaged EXIF says something or nothing', () => {
  const exif = tiff({
    width: 16,
    height: 16,
    numbers: U16,
    values: [],
    exif: [
      [37386, 5, [135]],
      [41486, 5, [2500]],
      [41989, 3, [200]],
    ],
  });
  for (let run = 0; run < 5000; run++) {
    for (const hint of exifHints(damage(exif, randomFrom(run + 1), 1), 6000, 4000)) {
      expect(hint.kind === 'scale' && hint.scaleArcsec > 0 && hint.scaleArcsec < 3000).toBe(true);
    }
  }
});
