import type { ByteSource } from '../io/byte-source.ts';
import type { Pace } from '../pace.ts';
import type { Frame, Planes } from './frame.ts';

/** What a decoder is told. */
export interface DecodeOptions {
  /** HDU of a FITS file to read; formats without HDUs ignore it. */
  readonly extension?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly pace: Pace;
}

/** One kind of image file. */
export interface ImageFormat {
  /** Looks at the first bytes, never at a name. */
  matches(head: Uint8Array): boolean;
  /** @throws {SolveError} if the file is broken, too large or of a kind that cannot be read */
  read(source: ByteSource, options: DecodeOptions): Promise<Frame>;
  /** The same with its colours; absent: the format has none, or they are not read. */
  readPlanes?(source: ByteSource, options: DecodeOptions): Promise<Planes>;
}
