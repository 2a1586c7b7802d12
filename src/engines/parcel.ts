import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SolveError } from '../errors.ts';
import type { Frame } from '../image/frame.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { readPieces } from '../io/pieces.ts';
import { MOST_SOURCES, type PixelSources } from '../nova/source-fields.ts';
import type { UploadInput } from '../nova/upload.ts';
import { createPace } from '../pace.ts';
import type { Solution, SolveInput, SolveOptions } from '../solution.ts';
import { ELONGATED, type SourceList, TRUNCATED } from '../sources/source-list.ts';
import { sourcesOf } from './field-sources.ts';
import { isInMemory, openField } from './input.ts';

/** What of an image goes to a server. */
export type WhatToSend = 'image' | 'sources' | 'auto';

/** What goes to a server for one image, and what is known of the image here. */
export interface Parcel {
  readonly content: UploadInput;
  /** What to call it; absent: its own name, or it has none. */
  readonly name?: string;
  /** Pixels; undefined if the image cannot be read here. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
  /** Undefined if the image cannot be read here. */
  readonly rowOrder: Solution['rowOrder'] | undefined;
  /** How many sources were found; 0 if none were looked for. */
  readonly sources: number;
  /** Those; absent if none were looked for. */
  readonly found?: SourceList;
  /** Typical width of the stars, pixels; 0 if none were looked for. */
  readonly fwhm: number;
  /** A line for people: what is sent. */
  readonly note: string;
}

/** How a parcel is packed. */
export interface PackOptions {
  readonly what: WhatToSend | undefined;
  readonly extension?: number;
  /** Who gets a file can be told which HDU to read: a server cannot. */
  readonly takesExtension?: boolean;
  readonly downsample?: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: SolveOptions['onProgress'];
}

/** With fewer sources than this the server had better look at the pixels itself. */
const LEAST_SOURCES = 10;

/**
 * Decides what is sent for an image, and finds its sources if they are.
 *
 * @throws {SolveError} for input that must be read here and cannot be; `BAD_ARGUMENT` for a wish that cannot be met
 */
export async function packParcel(input: SolveInput, options: PackOptions): Promise<Parcel> {
  const { what = 'auto', signal, onProgress, extension, takesExtension = false, downsample } = options;
  // Of a file a server would look at the first HDU.
  const whole = extension === undefined || takesExtension;
  if (input instanceof URL && input.protocol !== 'file:') {
    if (what === 'sources') throw new SolveError('BAD_ARGUMENT', `${input.href}: of a URL no sources can be sent`);
    return { ...UNREAD, content: input, note: `the server fetches ${input.href}` };
  }
  if (what === 'image' && (isInMemory(input) || !whole)) {
    const fact = isInMemory(input) ? 'pixels in memory are no file' : 'the server reads the first HDU of a file alone';
    throw new SolveError('BAD_ARGUMENT', `${fact}: their sources can be sent instead`);
  }
  const pace = createPace(signal, undefined);
  let field: Frame | SourceList | undefined;
  let unread: SolveError | undefined;
  try {
    field = await openField(input, { pace, signal, onProgress, extension });
  } catch (error) {
    // The server may read what cannot be read here; a file that is not there it cannot.
    if (!(error instanceof SolveError) || what === 'sources' || !whole || !isAboutContent(error)) throw error;
    unread = error;
  }
  const file = isInMemory(input) || !whole ? undefined : uploadOf(input);
  let sources: SourceList | undefined;
  if (field !== undefined && what !== 'image') {
    onProgress?.({ stage: 'detect' });
    sources = await sourcesOf(field, downsample, pace);
  }
  const enough =
    sources !== undefined && (what === 'sources' || file === undefined || sources.x.length >= LEAST_SOURCES);
  const known = {
    size: field === undefined ? undefined : { width: field.width, height: field.height },
    rowOrder: field === undefined ? undefined : 'rowOrder' in field ? field.rowOrder : ('bottom-up' as const),
    sources: sources?.x.length ?? 0,
    fwhm: sources?.fwhm ?? 0,
    ...(sources === undefined ? {} : { found: sources }),
  };
  if (sources !== undefined && enough) {
    if (sources.x.length === 0)
      throw new SolveError('IMAGE_EMPTY', `${nameOf(input)}: no stars found, nothing to send`);
    return {
      ...known,
      content: starsFirst(sources),
      note: sourcesNote(sources.x.length),
    };
  }
  const why = unread === undefined ? '' : `, since it cannot be read here (${unread.code})`;
  const few = sources === undefined ? '' : `, since only ${sources.x.length} sources were found here`;
  return { ...known, ...file!, note: `the image itself is sent${why}${few}` };
}

function sourcesNote(count: number): string {
  const which = count > MOST_SOURCES ? `the ${MOST_SOURCES} brightest of ${count}` : `${count}`;
  return `${which} sources found here are sent, no image`;
}

const UNREAD = { size: undefined, rowOrder: undefined, sources: 0, fwhm: 0 } as const;

/** The file is there, and its content is what cannot be read. */
function isAboutContent({ code }: SolveError): boolean {
  return /^(?:FORMAT|FITS|IMAGE|GZIP)_/.test(code);
}

function uploadOf(input: string | URL | Uint8Array | ByteSource): Pick<Parcel, 'content' | 'name'> {
  if (typeof input === 'string' || input instanceof URL) return { content: input };
  if (input instanceof Uint8Array) return { content: input, name: 'image' };
  const name = nameOf(input);
  return { content: { stream: () => readPieces(input), length: input.size, name }, name };
}

function nameOf(input: SolveInput): string {
  if (typeof input === 'string') return basename(input);
  if (input instanceof URL) return basename(fileURLToPath(input));
  return 'name' in input && input.name !== '-' ? input.name : 'image';
}

/** Brightest first, with what looks like trails and pieces of stars behind all others: the server begins at the front. */
function starsFirst({ width, height, x, y, flags }: SourceList): PixelSources {
  const order = Array.from(x, (_, i) => i);
  const doubtful = (i: number): number => ((flags[i]! & (ELONGATED | TRUNCATED)) === 0 ? 0 : 1);
  order.sort((a, b) => doubtful(a) - doubtful(b) || a - b);
  return { width, height, x: Float64Array.from(order, (i) => x[i]!), y: Float64Array.from(order, (i) => y[i]!) };
}
