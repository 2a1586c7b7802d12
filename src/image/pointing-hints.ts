import type { Card, Header } from '../fits/header.ts';
import type { HeaderHint } from '../hints.ts';
import { parseAngle, parseDec, parseRa, toDegrees, toRadians, wrap360 } from '../math/angle.ts';
import { precessToJ2000 } from '../math/precession.ts';
import { raDecToVector, separation } from '../math/sphere.ts';
import { isSolved, readCdMatrix } from './linear-wcs.ts';

type PositionHint = HeaderHint & { readonly kind: 'position' };

/** Pairs that name a direction: first those of the image or the mount, then those of the target it was sent to. */
const PAIRS: readonly (readonly [string, string])[] = [
  ['CENTRA', 'CENTDEC'],
  ['RA', 'DEC'],
  ['RA_PNT', 'DEC_PNT'],
  ['TELRA', 'TELDEC'],
  ['RA_TEL', 'DEC_TEL'],
  ['RA-MNT', 'DEC-MNT'],
  ['OBJCTRA', 'OBJCTDEC'],
  ['OBJRA', 'OBJDEC'],
  ['RA_OBJ', 'DEC_OBJ'],
  ['OBJ-RA', 'OBJ-DEC'],
  ['RA_TARG', 'DEC_TARG'],
  ['TARGRA', 'TARGDEC'],
  ['CAT-RA', 'CAT-DEC'],
];

/** Directions this near are the same hint. */
const SAME_DEG = 0.05;

/** A number confirms another pointing if they are this near: a target and the mount sent there. */
const AGREE_DEG = 2;

/** A pair as it was read. A number below 24 without a unit may be degrees or hours. */
interface Reading {
  readonly from: string;
  readonly raDeg: number;
  readonly decDeg: number;
  readonly certain: boolean;
}

/**
 * Where a header says the image points, J2000 degrees, likeliest first.
 *
 * A plain number is degrees. If it is below 24 and only its reading as hours agrees with another pointing of the same
 * header, it is hours; if nothing decides, the reading as hours comes last. Pairs of zeros, which programs write when
 * no mount is connected, say nothing.
 */
export function pointingHints(header: Header, width: number, height: number): PositionHint[] {
  const readings: Reading[] = [];
  for (const [ra, dec] of PAIRS) {
    const reading = readPair(header, ra, dec);
    if (reading) readings.push(reading);
  }
  const wcs = readWcsCentre(header, width, height);
  if (wcs) {
    if (isSolved(header)) readings.unshift(wcs);
    else readings.push(wcs);
  }

  const epoch = epochOf(header);
  const hints: PositionHint[] = [];
  for (const reading of settleUnits(readings)) {
    const hint = toHint(reading, epoch);
    if (!hints.some((other) => distanceDeg(hint, other) < SAME_DEG)) hints.push(hint);
  }
  return hints;
}

function readPair(header: Header, raKeyword: string, decKeyword: string): Reading | undefined {
  const raCard = header.card(raKeyword);
  const raValue = angleValue(raCard);
  const decValue = angleValue(header.card(decKeyword));
  if (raCard === undefined || raValue === undefined || decValue === undefined) return undefined;
  const decDeg = parseDec(decValue);
  const written = typeof raValue === 'string' ? parseAngle(raValue) : undefined;
  const number = typeof raValue === 'number' ? raValue : plainNumber(written);

  let raDeg: number | undefined;
  let certain = true;
  if (number === undefined) raDeg = parseRa(raValue);
  else if (saysHours(raCard)) raDeg = number >= 0 && number < 24 ? number * 15 : undefined;
  else {
    raDeg = parseRa(number);
    certain = number >= 24 || /deg/i.test(raCard.comment);
  }
  if (raDeg === undefined || decDeg === undefined || (raDeg === 0 && decDeg === 0)) return undefined;
  return { from: `${raKeyword}, ${decKeyword}`, raDeg, decDeg, certain };
}

function angleValue(card: Card | undefined): string | number | undefined {
  const value = card?.value;
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}

function plainNumber(written: ReturnType<typeof parseAngle>): number | undefined {
  return written && written.unit === undefined && !written.sexagesimal ? written.value : undefined;
}

function saysHours(card: Card): boolean {
  return /\b(hours?|hrs?)\b|\[h\]/i.test(card.comment) && !/deg/i.test(card.comment);
}

/** Decides between degrees and hours where a number leaves both open. */
function settleUnits(readings: readonly Reading[]): Reading[] {
  const certain = readings.filter((reading) => reading.certain);
  const confirmed = (reading: Reading): boolean => certain.some((other) => distanceDeg(reading, other) < AGREE_DEG);
  const settled: Reading[] = [];
  const leftOver: Reading[] = [];
  for (const reading of readings) {
    if (reading.certain || confirmed(reading)) {
      settled.push(reading);
      continue;
    }
    const asHours = { ...reading, from: `${reading.from} (as hours)`, raDeg: wrap360(reading.raDeg * 15) };
    if (confirmed(asHours)) settled.push(asHours);
    else {
      settled.push(reading);
      leftOver.push(asHours);
    }
  }
  return [...settled, ...leftOver];
}

/** The image centre by the header's own WCS. Capture programs write one from the mount's pointing: a guess. */
function readWcsCentre(header: Header, width: number, height: number): Reading | undefined {
  const axis = header.getString('CTYPE1') ?? 'RA';
  const swapped = axis.startsWith('DEC');
  if (!swapped && !axis.startsWith('RA')) return undefined;
  const first = header.getNumber('CRVAL1');
  const second = header.getNumber('CRVAL2');
  if (first === undefined || second === undefined) return undefined;
  const raDeg = parseRa(swapped ? second : first);
  const decDeg = parseDec(swapped ? first : second);
  if (raDeg === undefined || decDeg === undefined || (raDeg === 0 && decDeg === 0)) return undefined;

  const at = { from: 'CRVAL1, CRVAL2', raDeg, decDeg, certain: true };
  const cd = readCdMatrix(header);
  const crpix1 = header.getNumber('CRPIX1');
  const crpix2 = header.getNumber('CRPIX2');
  if (!cd || crpix1 === undefined || crpix2 === undefined) return at;
  const dx = (width + 1) / 2 - crpix1;
  const dy = (height + 1) / 2 - crpix2;
  const u = cd.matrix[0] * dx + cd.matrix[1] * dy;
  const v = cd.matrix[2] * dx + cd.matrix[3] * dy;
  // A centre far from the reference point means a matrix that was never meant (CDELT = 1 is a common default).
  if (!(Math.hypot(u, v) < 20)) return at;
  return { ...at, ...fromTangentPlane(raDeg, decDeg, swapped ? v : u, swapped ? u : v) };
}

/** The direction at (xi, eta) degrees on the tangent plane: Calabretta & Greisen 2002, A&A 395, 1077, section 5.1.3. */
function fromTangentPlane(raDeg: number, decDeg: number, xi: number, eta: number): { raDeg: number; decDeg: number } {
  const x = toRadians(xi);
  const y = toRadians(eta);
  const dec = toRadians(decDeg);
  const forward = Math.cos(dec) - y * Math.sin(dec);
  return {
    raDeg: wrap360(raDeg + toDegrees(Math.atan2(x, forward))),
    decDeg: toDegrees(Math.atan2(Math.sin(dec) + y * Math.cos(dec), Math.hypot(forward, x))),
  };
}

/**
 * The epoch whose equinox the header's coordinates refer to, a year; undefined for J2000 and whatever cannot be told.
 * Some capture programs write JNOW: then it is the date of the exposure.
 */
function epochOf(header: Header): number | undefined {
  const written = header.get('EQUINOX') ?? header.get('EPOCH');
  let year: number | undefined;
  if (typeof written === 'number') year = written;
  else if (typeof written === 'string') {
    year = /now|date|apparent/i.test(written)
      ? yearOf(header)
      : Number(/^\s*[JB]?\s*(\d{4}(?:\.\d*)?)/i.exec(written)?.[1]);
  }
  // ICRS has no equinox (FITS standard 4.0, section 8.3); a JNOW beside it is the mount's word and stands.
  const icrs = /^ICRS/i.test(header.getString('RADESYS') ?? header.getString('RADECSYS') ?? '');
  if (icrs && typeof written === 'number') return undefined;
  if (year === undefined || !(year >= 1850 && year <= 2150)) return undefined;
  return Math.abs(year - 2000) < 0.1 ? undefined : year;
}

function yearOf(header: Header): number | undefined {
  const date = header.getString('DATE-OBS') ?? '';
  const parts = /^\s*(\d{4})-(\d{2})/.exec(date);
  return parts ? Number(parts[1]) + (Number(parts[2]) - 0.5) / 12 : undefined;
}

function toHint(reading: Reading, epoch: number | undefined): PositionHint {
  const { from, raDeg, decDeg } = reading;
  if (epoch === undefined) return { kind: 'position', from, raDeg, decDeg };
  return { kind: 'position', from: `${from}, equinox ${epoch.toFixed(1)}`, ...precessToJ2000(raDeg, decDeg, epoch) };
}

function distanceDeg(
  a: { readonly raDeg: number; readonly decDeg: number },
  b: { readonly raDeg: number; readonly decDeg: number },
): number {
  const from = raDecToVector(toRadians(a.raDeg), toRadians(a.decDeg));
  return toDegrees(separation(from, raDecToVector(toRadians(b.raDeg), toRadians(b.decDeg))));
}
