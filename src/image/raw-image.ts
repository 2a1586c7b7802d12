import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { SolveError } from '../errors.ts';
import type { HeaderHint } from '../hints.ts';
import { exifHints, lensHints } from './exif-hints.ts';
import type { BayerPattern, Frame } from './frame.ts';
import type { DecodeOptions } from './image-format.ts';
import { samplesToFrame } from './samples.ts';
import { decodeBySharp } from './sharp-image.ts';
import { checkSize } from './size-limits.ts';

/** What the thread gives back. */
type Decoded =
  | { readonly kind: 'mosaic'; readonly facts: Facts; readonly pixels: Uint16Array; readonly filters: number }
  | { readonly kind: 'colours'; readonly facts: Facts; readonly pixels: Uint16Array; readonly channels: number }
  | { readonly kind: 'preview'; readonly facts: Facts; readonly jpeg: Uint8Array }
  | { readonly kind: 'refused'; readonly why: string };

interface Facts {
  readonly width: number;
  readonly height: number;
  readonly focalMm: number;
  readonly focal35Mm: number;
}

/** Memory that LibRaw may take, in pages of 64 KiB: 1 GiB, enough for 100 megapixels. */
const MAX_PAGES = 16_384;

/** No camera's file takes so long on any machine: LibRaw hangs. */
const MOST_MS = 120_000;

/**
 * Reads the mosaic of a camera's raw file by LibRaw: as the sensor gave it, within the margins, neither developed nor
 * turned. Where LibRaw knows no way to the mosaic, the picture that the camera put into the file is taken, if it is a large one.
 *
 * @param bytes the whole file
 * @param name of the file, for messages
 * @throws {SolveError} `FORMAT_UNSUPPORTED` if LibRaw cannot read it, `IMAGE_TOO_LARGE`, `IMAGE_TOO_SMALL`
 * @throws the signal's reason if cancelled
 */
export async function readRawFrame(bytes: Uint8Array, name: string, options: DecodeOptions): Promise<Frame> {
  const { signal, pace } = options;
  const decoded = await decodeInThread(bytes, signal);
  if (decoded.kind === 'refused') {
    const why = decoded.why === '' ? '' : ` (${decoded.why})`;
    throw new SolveError('FORMAT_UNSUPPORTED', `${name}: is a camera's raw file that LibRaw cannot read${why}`);
  }
  const { width, height } = decoded.facts;
  checkSize(name, width, height, 2);
  const frame = { width, height, rowOrder: 'top-down' as const, format: 'raw', hints: hintsOf(bytes, decoded.facts) };
  switch (decoded.kind) {
    case 'mosaic': {
      const bayer = patternOf(decoded.filters);
      return { ...frame, pixels: decoded.pixels, ...(bayer === undefined ? {} : { bayer }) };
    }
    case 'colours':
      return await samplesToFrame({ ...frame, channels: decoded.channels, samples: decoded.pixels }, 'raw', pace);
    case 'preview': {
      const picture = await decodeBySharp(decoded.jpeg, name, signal);
      if (2 * Math.max(picture.width, picture.height) < Math.max(width, height)) {
        const fact = `${picture.width} x ${picture.height} of ${width} x ${height} pixels`;
        throw new SolveError(
          'FORMAT_UNSUPPORTED',
          `${name}: is a raw file that LibRaw cannot unpack, and the picture in it has ${fact}`,
        );
      }
      const hints = hintsOf(bytes, { ...decoded.facts, width: picture.width, height: picture.height });
      return await samplesToFrame({ ...picture, hints }, 'raw preview', pace);
    }
  }
}

/** EXIF of those built on TIFF; of others what LibRaw tells, which is not how far pixels are apart. */
function hintsOf(bytes: Uint8Array, { width, height, focalMm, focal35Mm }: Facts): HeaderHint[] {
  const known = (value: number): number | undefined => (value > 0 && Number.isFinite(value) ? value : undefined);
  const own = exifHints(bytes, width, height);
  return own.length > 0 ? own : lensHints({ focalMm: known(focalMm), focal35Mm: known(focal35Mm) }, width, height);
}

/**
 * The first two rows and columns of LibRaw's `filters`: two bits a place, eight rows of two, 0 red, 1 and 3 green, 2 blue.
 * Numbers below 1000 mean other layouts (1: Leaf, 9: X-Trans) or none.
 */
function patternOf(filters: number): BayerPattern | undefined {
  if (filters < 1000) return undefined;
  const word = [0, 1, 2, 3].map((place) => 'RGBG'[(filters >>> (2 * place)) & 3]).join('');
  return /^(?:RGGB|BGGR|GRBG|GBRG)$/.test(word) ? (word as BayerPattern) : undefined;
}

/**
 * What runs in the thread. LibRaw compiled to WebAssembly works without asking anybody whether to go on, so it stands in a
 * thread that can be ended; a text, since threads start from a file of JavaScript or from one.
 */
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const { readFileSync } = require('node:fs');
const { pathToFileURL } = require('node:url');
const why = (error) => (error instanceof Error ? error.message : '');
const number = (value) => (typeof value === 'number' ? value : 0);
async function work() {
  const { module, wasm, bytes, maxPages } = workerData;
  const { default: init } = await import(pathToFileURL(module).href);
  const quiet = () => {};
  const wasmMemory = new WebAssembly.Memory({ initial: 4096, maximum: maxPages, shared: true });
  const lib = await init({ wasmBinary: readFileSync(wasm), wasmMemory, print: quiet, printErr: quiet });
  const raw = new lib.LibRaw();
  raw.open(bytes, { halfSize: true, outputBps: 16, noAutoBright: true, gamm: [1, 1, 0, 0, 0, 0], userFlip: 0, userQual: 0 });
  const meta = raw.metadata(true);
  const facts = {
    width: meta.width, height: meta.height,
    focalMm: number(meta.focal_len), focal35Mm: number(meta.lens?.FocalLengthIn35mmFormat),
  };
  let refused;
  if (number(meta.filters) > 0) {
    try {
      const { data, raw_width, raw_height, left_margin, top_margin, width, height } = raw.rawImageData();
      if (data.length < raw_width * raw_height || left_margin + width > raw_width || top_margin + height > raw_height)
        throw new Error('its sizes contradict each other');
      const pixels = new Uint16Array(width * height);
      for (let y = 0; y < height; y++) {
        const at = (top_margin + y) * raw_width + left_margin;
        pixels.set(data.subarray(at, at + width), y * width);
      }
      return [{ kind: 'mosaic', facts: { ...facts, width, height }, pixels, filters: meta.filters }, [pixels.buffer]];
    } catch (error) { refused = why(error); }
  } else {
    try {
      const { data, width, height, colors } = raw.imageData();
      const pixels = Uint16Array.from(data);
      if (pixels.length !== width * height * colors) throw new Error('its sizes contradict each other');
      return [{ kind: 'colours', facts: { ...facts, width, height }, pixels, channels: colors }, [pixels.buffer]];
    } catch (error) { refused = why(error); }
  }
  try {
    const { data, format } = raw.thumbnailData();
    const jpeg = Uint8Array.from(data);
    if (jpeg[0] === 0xff && jpeg[1] === 0xd8) return [{ kind: 'preview', facts, jpeg }, [jpeg.buffer]];
  } catch {}
  throw new Error(refused);
}
work().then(
  ([answer, transfer]) => parentPort.postMessage(answer, transfer),
  (error) => parentPort.postMessage({ kind: 'refused', why: why(error) }),
);
`;

async function decodeInThread(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<Decoded> {
  signal?.throwIfAborted();
  const require = createRequire(import.meta.url);
  const module = require.resolve('libraw-wasm/dist/libraw.js');
  const wasm = module.replace(/\.js$/, '.wasm');
  // Bytes are copied over: a thread takes a whole buffer, and this one may be a view of another.
  const copy = Uint8Array.from(bytes);
  const worker = new Worker(THREAD, {
    eval: true,
    workerData: { module, wasm, bytes: copy, maxPages: MAX_PAGES },
    transferList: [copy.buffer],
    stdout: true,
    stderr: true,
  });
  let giveUp: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Decoded>((resolve, reject) => {
      const refuse = (why: string): void => resolve({ kind: 'refused', why });
      worker.once('message', resolve);
      worker.once('error', (error) => refuse(error instanceof Error ? error.message : String(error)));
      worker.once('exit', () => refuse('it ended without an answer'));
      timer = setTimeout(() => refuse(`it gave no answer for ${MOST_MS / 1000} s`), MOST_MS);
      giveUp = () => reject(signal!.reason);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  } finally {
    clearTimeout(timer);
    if (giveUp) signal?.removeEventListener('abort', giveUp);
    await worker.terminate();
  }
}
