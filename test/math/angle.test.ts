import { describe, expect, test } from 'vitest';
import { formatDec, formatRa, parseAngle, parseDec, parseRa, wrap180, wrap360 } from '../../src/math/angle.ts';

const TWELVE = (12 + 34 / 60 + 56 / 3600) * 15;

describe('right ascension', () => {
  test.each([
    ['12:34:56'],
    ['12h34m56s'],
    ['12 34 56'],
    ['  12h 34m 56.0s '],
    ['12H34M56S'],
    ['+12:34:56'],
    ['12ʰ34ᵐ56ˢ'],
    ['12h34\'56"'],
    ["12h34'56''"],
    ['12:34:56.'],
  ])('%s is hours', (text) => {
    expect(parseRa(text)).toBeCloseTo(TWELVE, 10);
  });

  test.each([
    ['12:34.5', (12 + 34.5 / 60) * 15],
    ['12h34.5m', (12 + 34.5 / 60) * 15],
    ['8.5h', 127.5],
    ['8h', 120],
    ['123d30m', 123.5],
    ['123°30\'36"', 123.51],
    ['123.45', 123.45],
    ['123.45d', 123.45],
    ['1.2345e2', 123.45],
    ['.5', 0.5],
    ['5', 5],
    ['0', 0],
    ['360', 0],
    ['12:34:60', 188.75],
    ['00 00 00', 0],
  ])('%s is %f degrees', (text, degrees) => {
    expect(parseRa(text)).toBeCloseTo(degrees, 10);
  });

  test.each([
    ['24:00:00'],
    ['25h'],
    ['24h'],
    ['23:59:60'],
    ['-01:00:00'],
    ['-5'],
    ['360.1'],
    ['12:60:00'],
    ['12:34:61'],
    ['12.5:30:00'],
    ['12:34.5:10'],
    ['12:34:56:78'],
    ['1234'],
    ['12:'],
    [''],
    ['   '],
    ['NaN'],
    ['1e999'],
    ['0x10'],
    ['12:34:56 N'],
    ['twelve'],
    ['--5'],
  ])('%j is refused', (text) => {
    expect(parseRa(text)).toBeUndefined();
  });

  test('endless text is refused at once', () => {
    expect(parseRa('1'.repeat(1e6))).toBeUndefined();
    expect(parseRa(`12:${' '.repeat(1e6)}`)).toBeUndefined();
  });

  test('a number is degrees from 0 to 360', () => {
    expect(parseRa(8.5)).toBe(8.5);
    expect(parseRa(360)).toBe(0);
    for (const bad of [-1, -999, 360.01, NaN, Infinity, -Infinity]) expect(parseRa(bad)).toBeUndefined();
  });
});

describe('declination', () => {
  test.each([
    ['+45d10m', 45 + 1 / 6],
    ['+45°10\'20"', 45 + 10 / 60 + 20 / 3600],
    ['+45*10:20', 45 + 10 / 60 + 20 / 3600],
    ['45º10′20″', 45 + 10 / 60 + 20 / 3600],
    ['45° 10’ 20.5”', 45 + 10 / 60 + 20.5 / 3600],
    ['-00 30 00', -0.5],
    ['-00:00:36', -0.01],
    ['−00d30m', -0.5],
    ['-0.5', -0.5],
    ['+ 20 30 00', 20.5],
    ['-90', -90],
    ['90 00 00', 90],
    ['-12.5deg', -12.5],
    ['-12:34.5', -(12 + 34.5 / 60)],
  ])('%s is %f degrees', (text, degrees) => {
    expect(parseDec(text)).toBeCloseTo(degrees, 10);
  });

  test.each([['90 00 01'], ['-90.001'], ['91'], ['12h30m'], ['8h'], ['+-5'], ['none'], ['10:99']])(
    '%j is refused',
    (text) => {
      expect(parseDec(text)).toBeUndefined();
    },
  );

  test('a number is degrees from -90 to 90', () => {
    expect(parseDec(-33.25)).toBe(-33.25);
    for (const bad of [-90.1, 90.1, NaN, Infinity]) expect(parseDec(bad)).toBeUndefined();
  });
});

test('tells whether a unit was written', () => {
  expect(parseAngle('12:30')).toEqual({ value: 12.5, unit: undefined, sexagesimal: true });
  expect(parseAngle('12d30m')).toEqual({ value: 12.5, unit: 'degrees', sexagesimal: true });
  expect(parseAngle('12.5h')).toEqual({ value: 12.5, unit: 'hours', sexagesimal: false });
  expect(parseAngle('-12.5')).toEqual({ value: -12.5, unit: undefined, sexagesimal: false });
});

describe('writing', () => {
  test('fields are padded and the unit letters stand', () => {
    expect(formatRa(130.1)).toBe('08h40m24.0s');
    expect(formatRa(130.1, 0)).toBe('08h40m24s');
    expect(formatRa(0, 3)).toBe('00h00m00.000s');
    expect(formatDec(19.67)).toBe('+19d40m12s');
    expect(formatDec(-0.5)).toBe('-00d30m00s');
    expect(formatDec(-0.5, 2)).toBe('-00d30m00.00s');
    expect(formatDec(-90)).toBe('-90d00m00s');
  });

  test('rounding carries over and never shows 60', () => {
    expect(formatRa(359.9999999)).toBe('00h00m00.0s');
    expect(formatRa(14.99999999)).toBe('01h00m00.0s');
    expect(formatRa(-15)).toBe('23h00m00.0s');
    expect(formatDec(9.99999999)).toBe('+10d00m00s');
    expect(formatDec(-1e-9)).toBe('+00d00m00s');
  });
});

test('wrapping keeps to the half-open turn', () => {
  expect(wrap360(-1e-20)).toBe(0);
  expect(Object.is(wrap360(-0), 0)).toBe(true);
  expect(Object.is(wrap360(-720), 0)).toBe(true);
  expect(wrap360(725)).toBe(5);
  expect(wrap360(-90)).toBe(270);
  expect(wrap180(180)).toBe(-180);
  expect(wrap180(-180)).toBe(-180);
  expect(wrap180(350)).toBe(-10);
});
