import { annotate, annotatePng } from '../annotate/annotate.ts';
import type { Picture } from '../annotate/picture.ts';
import { isInMemory, openSource, unpacked } from '../engines/input.ts';
import { SolveError } from '../errors.ts';
import { isFits } from '../fits/hdu.ts';
import { readFrame } from '../image/open-frame.ts';
import type { Solution, SolveInput } from '../solution.ts';

/** How the picture is read. */
interface ReadingOptions {
  readonly extension?: number | undefined;
  readonly signal: AbortSignal;
}

/** What `--annotate` writes: SVG if the name says so, else PNG. */
export async function annotatedPicture(
  path: string,
  input: SolveInput,
  solution: Solution,
  options: ReadingOptions,
): Promise<Uint8Array> {
  const picture = await pictureOf(input, options);
  if (/\.svg$/i.test(path)) return Buffer.from(await annotate(solution, picture));
  return await annotatePng(solution, picture);
}

/** The pixels to draw over; a source list has none. */
async function pictureOf(input: SolveInput, { extension, signal }: ReadingOptions): Promise<Picture | undefined> {
  if (isInMemory(input)) return 'pixels' in input ? input : undefined;
  const source = await openSource(input);
  try {
    const plain = await unpacked(source, signal);
    // Files of pictures go as they are, for their colours; of FITS files the image that was solved.
    if (isFits(await plain.read(0, 80, signal))) {
      return await readFrame(plain, { extension, signal }).catch((error: unknown) => {
        // It was solved, so it is a list of sources.
        if (error instanceof SolveError && error.code === 'FITS_NO_IMAGE') return undefined;
        throw error;
      });
    }
    return await plain.read(0, plain.size, signal);
  } finally {
    await source.close();
  }
}
