import { fileURLToPath } from 'node:url';
import { SolveError } from '../errors.ts';
import type { Frame } from '../image/frame.ts';
import { readFrame } from '../image/open-frame.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { bytesSource } from '../io/bytes-source.ts';
import { openFile } from '../io/file-source.ts';
import type { Pace } from '../pace.ts';
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

/** The pixels or sources of an input, read if they are not in memory. */
export async function openField(input: SolveInput, options: OpenFieldOptions): Promise<Frame | SourceList> {
  if (isInMemory(input)) return input;
  const { onProgress, ...reading } = options;
  onProgress?.({ stage: 'read' });
  const source = await openSource(input);
  try {
    return await readFrame(source, reading);
  } finally {
    await source.close();
  }
}

/** Whether an input needs no reading. */
export function isInMemory(input: SolveInput): input is Frame | SourceList {
  return typeof input === 'object' && ('pixels' in input || 'flux' in input);
}

async function openSource(input: Exclude<SolveInput, Frame | SourceList>): Promise<ByteSource> {
  if (typeof input === 'string') return openFile(input);
  if (input instanceof Uint8Array) return bytesSource(input, 'image');
  if (!(input instanceof URL)) return input;
  if (input.protocol !== 'file:') {
    throw new SolveError('URL_NOT_TAKEN', `${input.href}: images on the web are fetched by the nova engine alone`);
  }
  return openFile(fileURLToPath(input));
}
