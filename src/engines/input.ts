import { fileURLToPath } from 'node:url';
import { SolveError } from '../errors.ts';
import type { Frame } from '../image/frame.ts';
import { readFrame } from '../image/open-frame.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { bytesSource } from '../io/bytes-source.ts';
import { openFile } from '../io/file-source.ts';
import { gunzipSource, isGzip } from '../io/gzip-source.ts';
import type { Pace } from '../pace.ts';
import { readXylist } from '../products/xylist.ts';
import type { SolveInput, SolveOptions } from '../solution.ts';
import type { SourceList } from '../sources/source-list.ts';

/** How an input is read. */
export interface OpenFieldOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: SolveOptions['onProgress'] | undefined;
  readonly pace?: Pace | undefined;
  /** HDU of a FITS file that holds the image, 0 being the primary one. Default: the first image. */
  readonly extension?: number | undefined;
}

/** What lists of sources are called; others must say how large their image is. */
const LIST_NAME = /\.(?:axy|xyls?|xylist)(?:\.gz)?$/i;

/** The pixels or sources of an input, read if they are not in memory. */
export async function openField(input: SolveInput, options: OpenFieldOptions): Promise<Frame | SourceList> {
  if (isInMemory(input)) return input;
  const { onProgress, ...reading } = options;
  onProgress?.({ stage: 'read' });
  const source = await openSource(input);
  try {
    return await readFrame(source, reading).catch(async (error: unknown) => {
      // Sources in place of an image, as solve-field takes them.
      const mayBe = error instanceof SolveError && error.code === 'FITS_NO_IMAGE' && options.extension === undefined;
      const named = LIST_NAME.test(source.name);
      const sources = mayBe
        ? await readXylist(await unpacked(source, reading.signal), reading.signal, !named)
        : undefined;
      if (sources === undefined) throw error;
      return sources;
    });
  } finally {
    await source.close();
  }
}

/** Whether an input needs no reading. */
export function isInMemory(input: SolveInput): input is Frame | SourceList {
  return typeof input === 'object' && ('pixels' in input || 'flux' in input);
}

/** The bytes of an input that is not in memory as pixels or sources. */
export async function openSource(input: Exclude<SolveInput, Frame | SourceList>): Promise<ByteSource> {
  if (typeof input === 'string') return openFile(input);
  if (input instanceof Uint8Array) return bytesSource(input, 'image');
  if (!(input instanceof URL)) return input;
  if (input.protocol !== 'file:') {
    throw new SolveError('URL_NOT_TAKEN', `${input.href}: images on the web are fetched by the nova engine alone`);
  }
  return openFile(fileURLToPath(input));
}

/** The unpacked side of a source that may be gzipped. */
export async function unpacked(source: ByteSource, signal: AbortSignal | undefined): Promise<ByteSource> {
  return isGzip(await source.read(0, 3, signal)) ? await gunzipSource(source, undefined, signal) : source;
}
