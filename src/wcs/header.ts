import { formatHeader, parseNumber } from '../fits/header.ts';
import type { NewCard } from '../fits/header.ts';
import { DEGREE } from '../math/sphere.ts';
import { MAX_SIP_ORDER, sipTerm, sipTerms } from './sip.ts';
import { determinant } from './wcs.ts';
import type { Sip, Wcs } from './wcs.ts';

/** FITS cards by keyword, in the order in which they are written. Numbers that are whole are written as integers. */
export type WcsCards = Record<string, string | number>;

/** Below this part of its square size the determinant of a CD matrix is rounding: it maps the image onto a line. */
const SINGULAR = 1e-10;

/**
 * The FITS cards of a WCS, as astropy, wcslib and ds9 read them: CRPIX counts from 1. SIP coefficients that are 0 are left
 * out, as the convention allows; AP and BP are there if their order is not 0.
 *
 * @param size of the image, pixels; becomes IMAGEW and IMAGEH
 */
export function wcsToCards(wcs: Wcs, size: { readonly width: number; readonly height: number }): WcsCards {
  const { crval, crpix, cd, sip } = wcs;
  const suffix = sip === undefined ? '' : '-SIP';
  const cards: WcsCards = {
    WCSAXES: 2,
    CTYPE1: `RA---TAN${suffix}`,
    CTYPE2: `DEC--TAN${suffix}`,
    CUNIT1: 'deg',
    CUNIT2: 'deg',
    CRVAL1: crval[0],
    CRVAL2: crval[1],
    CRPIX1: crpix[0] + 1,
    CRPIX2: crpix[1] + 1,
    CD1_1: cd[0],
    CD1_2: cd[1],
    CD2_1: cd[2],
    CD2_2: cd[3],
    RADESYS: 'ICRS',
    EQUINOX: 2000,
    // Said, not left to its default, which is 0 for a tangent point at the north pole.
    LONPOLE: 180,
    LATPOLE: 0,
    IMAGEW: size.width,
    IMAGEH: size.height,
  };
  if (sip !== undefined) {
    addPolynomial(cards, 'A', sip.order, sip.a);
    addPolynomial(cards, 'B', sip.order, sip.b);
    if (sip.inverseOrder > 0) {
      addPolynomial(cards, 'AP', sip.inverseOrder, sip.ap);
      addPolynomial(cards, 'BP', sip.inverseOrder, sip.bp);
    }
  }
  return cards;
}

function addPolynomial(cards: WcsCards, name: string, order: number, coefficients: Float64Array): void {
  cards[`${name}_ORDER`] = order;
  for (let p = 0; p <= order; p++) {
    for (let q = 0; q <= order - p; q++) {
      const value = coefficients[sipTerm(order, p, q)]!;
      if (value !== 0) cards[`${name}_${p}_${q}`] = value;
    }
  }
}

/**
 * A FITS file of a header alone, as solve-field writes beside an image under the ending `.wcs`.
 *
 * @param cards of {@link wcsToCards}, and more if wanted
 * @throws {SolveError} `BAD_ARGUMENT` for what no card can say, such as NaN
 */
export function wcsHeaderBytes(cards: WcsCards): Uint8Array {
  const written: NewCard[] = [
    { keyword: 'SIMPLE', value: true, comment: 'Standard FITS file' },
    { keyword: 'BITPIX', value: 8 },
    { keyword: 'NAXIS', value: 0, comment: 'No image data' },
    { keyword: 'EXTEND', value: true },
  ];
  for (const [keyword, value] of Object.entries(cards)) written.push({ keyword, value });
  return formatHeader(written);
}

/** What a header has under a keyword: a number, a string, anything else; undefined if it has no such card. */
export type CardReader = (key: string) => unknown;

/**
 * The WCS in a FITS header. TAN and TAN-SIP are read, with CD, PC and CDELT, or CDELT and CROTA2; with any
 * LONPOLE; in ICRS or FK5 J2000 (they differ by less than 0.03 arcsec).
 *
 * @param get value of a card
 * @returns undefined if there is none, or one that says something else (another projection, frame or distortion), or
 *   values that are no numbers or cannot be meant
 */
export function headerToWcs(get: CardReader): Wcs | undefined {
  if (!/^RA---TAN(-SIP)?$/.test(text(get, 'CTYPE1')) || !/^DEC--TAN(-SIP)?$/.test(text(get, 'CTYPE2')))
    return undefined;
  if (!isJ2000(get) || !isDegrees(get, 'CUNIT1') || !isDegrees(get, 'CUNIT2')) return undefined;
  const sip = headerToSip(get);
  if (sip === undefined && hasScampTerms(get)) return undefined;
  const linear = linearPart(get);
  if (linear === undefined) return undefined;
  const [a, b, c, d] = linear;
  const dec = number(get, 'CRVAL2', 0);
  // LONPOLE turns the plane about the tangent point: as well the CD matrix may be turned. Default: paper II, equation 8.
  const turn = (number(get, 'LONPOLE', dec >= 90 ? 0 : 180) - 180) * DEGREE;
  const [sin, cos] = [Math.sin(turn), Math.cos(turn)];
  const wcs: Wcs = {
    crval: [number(get, 'CRVAL1', 0), dec],
    crpix: [number(get, 'CRPIX1', 0) - 1, number(get, 'CRPIX2', 0) - 1],
    cd: [cos * a + sin * c, cos * b + sin * d, cos * c - sin * a, cos * d - sin * b],
    ...(sip === undefined ? {} : { sip }),
  };
  const size = wcs.cd[0] ** 2 + wcs.cd[1] ** 2 + wcs.cd[2] ** 2 + wcs.cd[3] ** 2;
  const numbers = [...wcs.crval, ...wcs.crpix, size];
  if (!numbers.every(Number.isFinite) || !(Math.abs(determinant(wcs)) > SINGULAR * size)) return undefined;
  if (Math.abs(dec) > 90) return undefined;
  const sound = sip === undefined || [sip.a, sip.b, sip.ap, sip.bp].every((terms) => terms.every(Number.isFinite));
  return sound ? wcs : undefined;
}

/** Frames this package takes for ICRS. EQUINOX says nothing about an ICRS position and everything about one in FK5. */
function isJ2000(get: CardReader): boolean {
  const frame = text(get, 'RADESYS') || text(get, 'RADECSYS');
  if (frame === 'ICRS') return true;
  return (frame === 'FK5' || frame === '') && number(get, 'EQUINOX', 2000) === 2000;
}

function isDegrees(get: CardReader, key: string): boolean {
  return /^(deg.*)?$/i.test(text(get, key));
}

/** SCAMP writes its own distortion under the name of plain TAN, in PV cards that TAN has no use for. */
function hasScampTerms(get: CardReader): boolean {
  for (const axis of [1, 2]) {
    for (let term = 5; term <= 10; term++) if (number(get, `PV${axis}_${term}`, 0) !== 0) return true;
  }
  return false;
}

/** The CD matrix in whichever of its three spellings: paper I, section 2.1.2; paper II, section 6. */
function linearPart(get: CardReader): readonly [number, number, number, number] | undefined {
  const places = ['1_1', '1_2', '2_1', '2_2'] as const;
  if (places.some((place) => get(`CD${place}`) !== undefined)) {
    const [a, b, c, d] = places.map((place) => number(get, `CD${place}`, 0));
    return [a!, b!, c!, d!];
  }
  if (get('CDELT1') === undefined || get('CDELT2') === undefined) return undefined;
  const cdelt1 = number(get, 'CDELT1', NaN);
  const cdelt2 = number(get, 'CDELT2', NaN);
  if (places.some((place) => get(`PC${place}`) !== undefined)) {
    const [a, b, c, d] = places.map((place, i) => number(get, `PC${place}`, i % 3 === 0 ? 1 : 0));
    return [cdelt1 * a!, cdelt1 * b!, cdelt2 * c!, cdelt2 * d!];
  }
  const rotation = number(get, 'CROTA2', 0) * DEGREE;
  const [sin, cos] = [Math.sin(rotation), Math.cos(rotation)];
  return [cdelt1 * cos, -cdelt2 * sin, cdelt1 * sin, cdelt2 * cos];
}

/** The polynomials; undefined if there are none. NaN among the terms if there is something else than numbers. */
function headerToSip(get: CardReader): Sip | undefined {
  if (get('A_ORDER') === undefined && get('B_ORDER') === undefined) return undefined;
  const order = commonOrder(get, 'A', 'B');
  const inverseOrder = commonOrder(get, 'AP', 'BP');
  return {
    order,
    a: polynomial(get, 'A', order),
    b: polynomial(get, 'B', order),
    inverseOrder,
    ap: polynomial(get, 'AP', inverseOrder),
    bp: polynomial(get, 'BP', inverseOrder),
  };
}

/** The larger of two orders; NaN if one of them is none. */
function commonOrder(get: CardReader, first: string, second: string): number {
  const order = Math.max(number(get, `${first}_ORDER`, 0), number(get, `${second}_ORDER`, 0));
  return Number.isInteger(order) && order >= 0 && order <= MAX_SIP_ORDER ? order : NaN;
}

function polynomial(get: CardReader, name: string, order: number): Float64Array {
  if (Number.isNaN(order)) return Float64Array.of(NaN);
  const coefficients = new Float64Array(sipTerms(order));
  for (let p = 0; p <= order; p++) {
    for (let q = 0; q <= order - p; q++) coefficients[sipTerm(order, p, q)] = number(get, `${name}_${p}_${q}`, 0);
  }
  return coefficients;
}

/** A number, also one that a program has put in quotes; `absent` if there is no such card; NaN if it holds something else. */
function number(get: CardReader, key: string, absent: number): number {
  const value = get(key);
  if (value === undefined) return absent;
  if (typeof value === 'number') return value;
  return (typeof value === 'string' ? parseNumber(value.trim()) : undefined) ?? NaN;
}

/** A string without the blanks around it, '' for anything else. */
function text(get: CardReader, key: string): string {
  const value = get(key);
  return typeof value === 'string' ? value.trim().toUpperCase() : '';
}
