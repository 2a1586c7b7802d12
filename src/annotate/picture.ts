import type { default as Sharp, Sharp as SharpImage } from 'sharp';
import { SolveError } from '../errors.ts';
import type { Frame } from '../image/frame.ts';
import { readFrame } from '../image/open-frame.ts';
import { bytesSource } from '../io/bytes-source.ts';
import { MAKER } from './maker.ts';
import { stretch } from './stretch.ts';
import type { ShownImage } from './view.ts';

/**
 * What is drawn over: an image that was read, or the bytes of an image file. Bytes of a JPEG, PNG or WebP file of eight bits
 * keep their colours; everything else is shown in grey, stretched.
 */
export type Picture = Frame | Uint8Array;

let loading: Promise<typeof Sharp> | undefined;

/** Loads the drawing library at first use. */
function loadSharp(): Promise<typeof Sharp> {
  loading ??= import('sharp').then((module) => module.default);
  return loading;
}

/** What is asked of an image to show it. */
type ShownSize = Pick<ShownImage, 'width' | 'height' | 'rowOrder'>;

/** Larger PNG files are packed less: half the time (0.5 s of 24 million pixels) for half as many bytes again. */
const MANY_PIXELS = 12_000_000;

/** Sizes were checked when the image was read. */
const DECODE = { limitInputPixels: false, autoOrient: false } as const;

/**
 * A picture as the base of a drawing: eight bits, rows turned as they are shown, a negative for the light theme.
 *
 * @param size of the result, pixels
 * @throws {SolveError} `BAD_ARGUMENT` if it has another size than the solved image; those of reading an image
 */
async function basePicture(picture: Picture, image: ShownSize, negative: boolean, size: Size): Promise<SharpImage> {
  const sharp = await loadSharp();
  const asFile = picture instanceof Uint8Array ? await displayedSize(picture, sharp) : undefined;
  if (!(picture instanceof Uint8Array) || asFile === undefined) {
    const frame = picture instanceof Uint8Array ? await readFrame(bytesSource(picture, 'picture')) : picture;
    checkSize(frame, image);
    const { width, height } = frame;
    const grey = stretch(frame, image.rowOrder, negative);
    return sharp(grey, { ...DECODE, raw: { width, height, channels: 1 } }).resize({ ...size, fit: 'fill' });
  }
  checkSize(asFile, image);
  const base = sharp(picture, DECODE)
    .flatten({ background: '#000' })
    .resize({ ...size, fit: 'fill' });
  if (image.rowOrder === 'bottom-up') base.flip();
  if (!negative) return base;
  // Where a chain draws over a picture and turns it into its negative, it does so in this order, whatever the order of calls.
  const inverted = await base.greyscale().negate().png().toBuffer();
  return sharp(inverted, DECODE);
}

/** First bytes of JPEG, PNG and WebP files. */
const DISPLAYED = /^(?:\xff\xd8\xff|\x89PNG|RIFF....WEBP)/s;

/** Size of a picture file of eight bits a channel, which is shown in its own colours; undefined for every other file. */
async function displayedSize(bytes: Uint8Array, sharp: typeof Sharp): Promise<Size | undefined> {
  if (!DISPLAYED.test(Buffer.from(bytes.subarray(0, 12)).toString('latin1'))) return undefined;
  // What is damaged is told by who reads it as an image.
  const facts = await sharp(bytes, DECODE)
    .metadata()
    .catch(() => undefined);
  return facts?.depth === 'uchar' ? { width: facts.width, height: facts.height } : undefined;
}

function checkSize({ width, height }: Size, image: ShownSize): void {
  if (width === image.width && height === image.height) return;
  const solved = `${image.width} x ${image.height}`;
  throw new SolveError('BAD_ARGUMENT', `the picture has ${width} x ${height} pixels, the solved image ${solved}`);
}

/** Pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** A picture as a `data:` address, for `<image>`: SVG files hold it themselves. */
export async function pictureAddress(
  picture: Picture,
  image: ShownSize,
  negative: boolean,
  size: Size,
): Promise<string> {
  const base = await basePicture(picture, image, negative, size);
  const bytes = await base.jpeg({ quality: 88 }).toBuffer();
  return `data:image/jpeg;base64,${bytes.toString('base64')}`;
}

/**
 * Draws SVG over a picture.
 *
 * @param svg of the same size
 * @param background colour where there is no picture
 * @returns a PNG file, with {@link MAKER} as the software in its EXIF data
 */
export async function drawOver(
  picture: Picture | undefined,
  image: ShownSize,
  negative: boolean,
  size: Size,
  background: string,
  svg: string,
): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const base =
    picture === undefined
      ? sharp({ create: { ...size, channels: 3, background } })
      : await basePicture(picture, image, negative, size);
  const overlay = { input: Buffer.from(svg), limitInputPixels: false } as const;
  const drawn = base.toColourspace('srgb').composite([overlay]).removeAlpha();
  return await drawn
    .withExif({ IFD0: { Software: MAKER } })
    .png({ compressionLevel: size.width * size.height > MANY_PIXELS ? 1 : 6 })
    .toBuffer();
}
