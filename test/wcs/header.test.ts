import { describe, expect, test } from 'vitest';
import { parseHeader } from '../../src/fits/header.ts';
import { headerToWcs, wcsHeaderBytes, wcsToCards } from '../../src/wcs/header.ts';
import type { Wcs } from '../../src/wcs/wcs.ts';

const plain: Wcs = { crval: [130.1, -19.67], crpix: [749.5, 499.5], cd: [-0.001, 0.0002, 0.0002, 0.001] };
const distorted: Wcs = {
  ...plain,
  sip: {
    order: 2,
    a: Float64Array.of(0, 0, 1e-6, 0, 2e-6, 3e-6),
    b: Float64Array.of(0, 0, 0, 0, 0, -1e-6),
    inverseOrder: 1,
    ap: Float64Array.of(0.5, 0, 1e-3),
    bp: Float64Array.of(0, 1e-4, 0),
  },
};
const size = { width: 1500, height: 1000 };

const read = (cards: Record<string, unknown>): Wcs | undefined => headerToWcs((key) => cards[key]);
const plainCards = (): Record<string, unknown> => wcsToCards(plain, size);

describe('cards of a WCS', () => {
  test('of a plain TAN', () => {
    expect(wcsToCards(plain, size)).toEqual({
      WCSAXES: 2,
      CTYPE1: 'RA---TAN',
      CTYPE2: 'DEC--TAN',
      CUNIT1: 'deg',
      CUNIT2: 'deg',
      CRVAL1: 130.1,
      CRVAL2: -19.67,
      CRPIX1: 750.5,
      CRPIX2: 500.5,
      CD1_1: -0.001,
      CD1_2: 0.0002,
      CD2_1: 0.0002,
      CD2_2: 0.001,
      RADESYS: 'ICRS',
      EQUINOX: 2000,
      LONPOLE: 180,
      LATPOLE: 0,
      IMAGEW: 1500,
      IMAGEH: 1000,
    });
    expect(Object.keys(wcsToCards(plain, size))[0]).toBe('WCSAXES');
  });

  test('of a distorted one hold what is not zero', () => {
    const cards = wcsToCards(distorted, size);
    expect(cards['CTYPE1']).toBe('RA---TAN-SIP');
    expect(cards['CTYPE2']).toBe('DEC--TAN-SIP');
    const extra = Object.entries(cards).filter(([key]) => /^[AB]P?_/.test(key));
    expect(Object.fromEntries(extra)).toEqual({
      A_ORDER: 2,
      A_0_2: 1e-6,
      A_1_1: 2e-6,
      A_2_0: 3e-6,
      B_ORDER: 2,
      B_2_0: -1e-6,
      AP_ORDER: 1,
      AP_0_0: 0.5,
      AP_1_0: 1e-3,
      BP_ORDER: 1,
      BP_0_1: 1e-4,
    });
  });

  test('say nothing of an inverse that is not known', () => {
    const none = new Float64Array(1);
    const cards = wcsToCards({ ...plain, sip: { ...distorted.sip!, inverseOrder: 0, ap: none, bp: none } }, size);
    expect(Object.keys(cards).filter((key) => /^[AB]P_/.test(key))).toEqual([]);
    expect(read(cards)!.sip).toMatchObject({ order: 2, inverseOrder: 0, ap: none });
  });

  test('read back give the same WCS', () => {
    expect(read(plainCards())).toEqual(plain);
    expect(read(wcsToCards(distorted, size))).toEqual(distorted);
  });
});

describe('a header-only FITS file', () => {
  test('begins with the mandatory cards, fills its block and reads back', () => {
    const bytes = wcsHeaderBytes(wcsToCards(distorted, size));
    expect(bytes.length).toBe(2880);
    const header = parseHeader(bytes);
    expect(header.cards.slice(0, 5).map((card) => [card.keyword, card.value])).toEqual([
      ['SIMPLE', true],
      ['BITPIX', 8],
      ['NAXIS', 0],
      ['EXTEND', true],
      ['WCSAXES', 2],
    ]);
    expect(headerToWcs((key) => header.get(key))).toEqual(distorted);
  });

  test('refuses what no card can say', () => {
    expect(() => wcsHeaderBytes({ CRVAL1: NaN })).toThrow(/CRVAL1/);
  });
});

describe('headers of other programs', () => {
  const base = { CTYPE1: 'RA---TAN', CTYPE2: 'DEC--TAN', CRVAL1: 10, CRVAL2: 20, CRPIX1: 1, CRPIX2: 1 };

  test('CDELT and CROTA2', () => {
    const { cd } = read({ ...base, CDELT1: -0.1, CDELT2: 0.2, CROTA2: 90 })!;
    [0, -0.2, -0.1, 0].forEach((value, i) => expect(cd[i]).toBeCloseTo(value, 15));
  });

  test('CDELT alone', () => {
    const wcs = read({ ...base, CDELT1: -0.1, CDELT2: 0.2 })!;
    expect(wcs.crpix).toEqual([0, 0]);
    [-0.1, 0, 0, 0.2].forEach((value, i) => expect(wcs.cd[i]).toBeCloseTo(value, 15));
  });

  test('PC and CDELT; PC cards that are not there are those of no rotation', () => {
    expect(read({ ...base, CDELT1: -0.1, CDELT2: 0.2, PC1_2: 0.5 })!.cd).toEqual([-0.1, -0.05, 0, 0.2]);
  });

  test('CD goes before CDELT; CD cards that are not there are 0', () => {
    expect(read({ ...base, CDELT1: 1, CDELT2: 1, CD1_1: -0.1, CD2_2: 0.1 })!.cd).toEqual([-0.1, 0, 0, 0.1]);
  });

  test('LONPOLE turns the CD matrix; at the north pole it is 0 by default', () => {
    const cd = { CD1_1: -0.1, CD2_2: 0.1 };
    [0, 0.1, 0.1, 0].forEach((value, i) => {
      expect(read({ ...base, ...cd, LONPOLE: 270 })!.cd[i]).toBeCloseTo(value, 15);
    });
    [0.1, 0, 0, -0.1].forEach((value, i) => {
      expect(read({ ...base, ...cd, CRVAL2: 90 })!.cd[i]).toBeCloseTo(value, 15);
    });
  });

  test('numbers in quotes, lower case, blanks, absent CRVAL and CRPIX', () => {
    const wcs = read({ CTYPE1: 'ra---tan ', CTYPE2: ' DEC--TAN', CUNIT1: 'degrees', CD1_1: ' -1.0E-1', CD2_2: 0.1 })!;
    expect(wcs).toEqual({ crval: [0, 0], crpix: [-1, -1], cd: [-0.1, 0, 0, 0.1] });
  });

  test('SIP orders of A and B may differ, and CTYPE may not mention SIP', () => {
    const cd = { CD1_1: -0.1, CD2_2: 0.1 };
    const { sip } = read({ ...base, ...cd, B_ORDER: 2, B_0_2: 5, A_ORDER: 1, A_0_1: 3 })!;
    expect(sip!.order).toBe(2);
    expect([...sip!.a]).toEqual([0, 3, 0, 0, 0, 0]);
    expect([...sip!.b]).toEqual([0, 0, 5, 0, 0, 0]);
    expect(read({ ...base, ...cd, B_ORDER: 2, B_0_2: 5 })!.sip!.order).toBe(2);
    expect(read({ ...base, ...cd, CTYPE1: 'RA---TAN-SIP' })!.sip).toBeUndefined();
  });

  test.each([
    ['ICRS with any EQUINOX', { RADESYS: 'ICRS', EQUINOX: 2024.5 }, true],
    ['FK5 J2000', { RADESYS: 'FK5', EQUINOX: 2000 }, true],
    ['FK5 without EQUINOX', { RADESYS: 'FK5' }, true],
    ['the old keyword', { RADECSYS: 'FK5' }, true],
    ['J2000 without a frame', { EQUINOX: 2000 }, true],
    ['FK5 of date', { RADESYS: 'FK5', EQUINOX: 2024.5 }, false],
    ['B1950', { EQUINOX: 1950 }, false],
    ['FK4', { RADECSYS: 'FK4' }, false],
    ['apparent places', { RADESYS: 'GAPPT' }, false],
  ])('frame: %s', (_, cards, accepted) => {
    expect(read({ ...plainCards(), RADESYS: undefined, EQUINOX: undefined, ...cards }) !== undefined).toBe(accepted);
  });

  test.each([
    ['no CTYPE', { CTYPE1: undefined }],
    ['one axis only', { CTYPE2: undefined }],
    ['another projection', { CTYPE1: 'RA---ZEA', CTYPE2: 'DEC--ZEA' }],
    ['galactic coordinates', { CTYPE1: 'GLON-TAN', CTYPE2: 'GLAT-TAN' }],
    ['Dec before RA', { CTYPE1: 'DEC--TAN', CTYPE2: 'RA---TAN' }],
    ['CTYPE that is no text', { CTYPE1: 5 }],
    ['other units in x', { CUNIT1: 'arcsec' }],
    ['other units in y', { CUNIT2: 'arcsec' }],
    ['distortion of SCAMP', { PV1_5: 0.01 }],
    ['distortion of SCAMP in y', { PV2_10: 0.01 }],
    ['no scale', { CD1_1: undefined, CD1_2: undefined, CD2_1: undefined, CD2_2: undefined }],
    ['half a scale', { CD1_1: undefined, CD1_2: undefined, CD2_1: undefined, CD2_2: undefined, CDELT1: 1 }],
    ['a CD matrix of zeros', { CD1_1: 0, CD1_2: 0, CD2_1: 0, CD2_2: 0 }],
    ['a CD matrix onto a line', { CD1_1: 1, CD1_2: 2, CD2_1: 2, CD2_2: 4 }],
    ['a CD matrix beyond numbers', { CD1_1: 1e200, CD2_2: 1e200 }],
    ['text for a number', { CRVAL1: 'twelve' }],
    ['NaN', { CRPIX2: NaN }],
    ['a truth value for a number', { CD1_1: true }],
    ['text for LONPOLE', { LONPOLE: 'north' }],
    ['Dec beyond the pole', { CRVAL2: 91 }],
    ['an order beyond SIP', { A_ORDER: 10 }],
    ['an order of 10^9', { A_ORDER: 1e9 }],
    ['a negative order', { A_ORDER: -1, B_ORDER: -1 }],
    ['half an order', { A_ORDER: 2.5 }],
    ['an order that is no number', { A_ORDER: 'two' }],
    ['a coefficient that is no number', { A_ORDER: 2, B_ORDER: 2, B_1_1: 'x' }],
    ['an inverse that is no number', { A_ORDER: 2, B_ORDER: 2, AP_ORDER: 99 }],
  ])('%s: no WCS', (_, cards) => {
    expect(read(plainCards())).toBeDefined();
    expect(read({ ...plainCards(), ...cards })).toBeUndefined();
  });

  test('what SIP says goes before left-over PV cards', () => {
    expect(read({ ...wcsToCards(distorted, size), PV1_5: 0.01 })).toEqual(distorted);
  });
});
