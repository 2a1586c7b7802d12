import { findImageHdu, readFitsImage } from '../fits/image.ts';
import { isFits, readHdus } from '../fits/hdu.ts';
import { Header } from '../fits/header.ts';
import { imageAxes, isCompressed, shapeOf } from '../fits/shape.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { bayerPattern } from './bayer.ts';
import type { Frame } from './frame.ts';
import { headerHints } from './header-hints.ts';
import type { DecodeOptions, ImageFormat } from './image-format.ts';
import { mixChannels } from './luminance.ts';
import { checkSize } from './size-limits.ts';

/** FITS, tile-compressed ones included. Colour planes become one with equal weights. */
export const FITS: ImageFormat = { matches: isFits, read: readFitsFrame };

async function readFitsFrame(source: ByteSource, { extension, signal, pace }: DecodeOptions): Promise<Frame> {
  const hdus = await readHdus(source, { signal });
  const hdu = findImageHdu(hdus, extension);
  const shape = shapeOf(imageAxes(hdu)!);
  const bitpix = hdu.header.getNumber('ZBITPIX') ?? hdu.bitpix;
  checkSize(source.name, shape.width, shape.height, (shape.planes * Math.abs(bitpix)) / 8);

  const { width, height, planes, pixels, blank } = await readFitsImage(source, hdu, { signal, pace });
  // Writers of extensions leave what concerns all of them in the primary header.
  const header = hdu.index === 0 ? hdu.header : new Header([...hdu.header.cards, ...hdus[0]!.header.cards]);
  const bayer = planes === 1 ? bayerPattern(header) : undefined;
  return {
    width,
    height,
    pixels: planes === 1 ? pixels : await mixChannels(pixels, planes, 'planar', blank, pace),
    ...(blank === undefined ? {} : { blank }),
    rowOrder: /^\s*TOP-DOWN/i.test(header.getString('ROWORDER') ?? '') ? 'top-down' : 'bottom-up',
    ...(bayer === undefined ? {} : { bayer }),
    format: isCompressed(hdu) ? 'fits.fz' : 'fits',
    hints: headerHints(header, width, height),
  };
}
