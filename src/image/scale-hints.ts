import type { Header } from '../fits/header.ts';
import type { HeaderHint } from '../hints.ts';
import { isSolved, readCdMatrix } from './linear-wcs.ts';

type ScaleHint = HeaderHint & { readonly kind: 'scale' };

/** Keywords that give arcsec per pixel themselves. */
const DIRECT: readonly string[] = [
  'PIXSCALE',
  'SECPIX',
  'SECPIX1',
  'SECPIX2',
  'PIXSCAL1',
  'PIXSCAL2',
  'CCDSCALE',
  'PLATESC',
  'PLTSCALE',
  'SCALE',
];

/** Scales outside these arcsec per pixel are mistakes: an interferometer's below, a fisheye's of 100 pixels above. */
const MIN_ARCSEC = 0.005;
const MAX_ARCSEC = 2000;

/** Shorter focal lengths are given in metres or not at all: the shortest fisheye lenses have 1 mm. */
const MIN_FOCAL_MM = 1;

/** Scales whose ratio is nearer to 1 than this are the same hint. */
const SAME = 0.01;

/** Arcsec in a radian, over the micrometres in a millimetre. */
const ARCSEC_MM_PER_UM = (180 * 3600) / Math.PI / 1000;

/**
 * Arcsec per pixel that a header gives or implies, likeliest first.
 *
 * Whether XPIXSZ counts the binning in differs between programs (most do), so it is read all three ways.
 */
export function scaleHints(header: Header): ScaleHint[] {
  const wcs = fromWcs(header);
  const own = [...fromKeywords(header), ...fromOptics(header)];
  const all = isSolved(header) ? [...wcs, ...own] : [...own, ...wcs];
  const hints: ScaleHint[] = [];
  for (const hint of all) {
    const { scaleArcsec } = hint;
    if (!(scaleArcsec >= MIN_ARCSEC && scaleArcsec <= MAX_ARCSEC)) continue;
    if (!hints.some((other) => Math.abs(Math.log(other.scaleArcsec / scaleArcsec)) < SAME)) hints.push(hint);
  }
  return hints;
}

function fromWcs(header: Header): ScaleHint[] {
  // Only if the axes are not said to be something else than the sky's: a spectrum has CDELT too.
  const axis = header.getString('CTYPE1');
  if (axis !== undefined && !/^(RA|DEC|[GES]LON|[GES]LAT)/.test(axis)) return [];
  const cd = readCdMatrix(header);
  if (!cd) return [];
  const [a, b, c, d] = cd.matrix;
  return [{ kind: 'scale', from: cd.from, scaleArcsec: Math.sqrt(Math.abs(a * d - b * c)) * 3600 }];
}

function fromKeywords(header: Header): ScaleHint[] {
  const hints: ScaleHint[] = [];
  const plate = measure(header, 'PLTSCALE');
  const pixel = measure(header, 'XPIXELSZ');
  if (plate !== undefined && pixel !== undefined) {
    // Scanned plates give arcsec per millimetre, and the scanner's pixel in micrometres.
    hints.push({ kind: 'scale', from: 'PLTSCALE, XPIXELSZ', scaleArcsec: (plate * pixel) / 1000 });
  }
  for (const from of DIRECT) {
    const scaleArcsec = measure(header, from);
    if (scaleArcsec !== undefined) hints.push({ kind: 'scale', from, scaleArcsec });
  }
  return hints;
}

function fromOptics(header: Header): ScaleHint[] {
  const focal = measure(header, 'FOCALLEN');
  if (focal === undefined || focal < MIN_FOCAL_MM) return [];
  const hints: ScaleHint[] = [];
  for (const { from, pixelUm } of pixelSizes(header)) {
    hints.push({ kind: 'scale', from: `FOCALLEN, ${from}`, scaleArcsec: (ARCSEC_MM_PER_UM * pixelUm) / focal });
  }
  return hints;
}

/** Pixel sizes in micrometres, as they may be meant, likeliest first. */
function pixelSizes(header: Header): { from: string; pixelUm: number }[] {
  const sizes: { from: string; pixelUm: number }[] = [];
  const bin = binning(header);
  const add = (keyword: string, factors: readonly number[], unitUm = 1): void => {
    const size = measure(header, keyword);
    if (size === undefined) return;
    for (const factor of factors) {
      if (factor === 1) sizes.push({ from: keyword, pixelUm: size * unitUm });
      else if (factor > 1) sizes.push({ from: `${keyword}, binning ${bin} on top`, pixelUm: size * unitUm * factor });
      else sizes.push({ from: `${keyword}, without binning ${bin}`, pixelUm: size * unitUm * factor });
    }
  };
  add('XPIXSZ', [1]);
  add('PIXSIZE1', [bin]);
  add('XPIXELSZ', [1, bin]);
  // PRISM and AudeLA: millimetres.
  add('CDELTM1', [1, bin], 1000);
  add('PIXSIZE', [bin, 1]);
  if (bin > 1) {
    add('XPIXSZ', [bin, 1 / bin]);
    add('PIXSIZE1', [1]);
  }
  return sizes;
}

function binning(header: Header): number {
  for (const keyword of ['XBINNING', 'CCDXBIN', 'BINX', 'XBIN', 'CCDSUM', 'BINNING']) {
    // CCDSUM is '2 2', BINNING is often '2x2'.
    const first = /^\s*(\d{1,2})(\.0*)?\s*(?:[x ,].*)?$/i.exec(String(header.get(keyword) ?? ''))?.[1];
    if (first !== undefined && Number(first) >= 1) return Number(first);
  }
  return 1;
}

/** A positive quantity, also where a program wrote its unit behind it (`'400 mm'`). */
function measure(header: Header, keyword: string): number | undefined {
  const value = header.get(keyword);
  let number: number | undefined;
  if (typeof value === 'number') number = value;
  else if (typeof value === 'string') {
    number = Number(/^\s*(\d{1,9}(?:\.\d{0,20})?(?:e[+-]?\d{1,2})?)\s*[a-z"/µ ]*$/i.exec(value)?.[1]);
  }
  return number !== undefined && number > 0 && Number.isFinite(number) ? number : undefined;
}
