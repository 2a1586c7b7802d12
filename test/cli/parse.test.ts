import { expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/parse.ts';
import { readSettings } from '../../src/cli/solve-settings.ts';
import type { SolveSettings } from '../../src/cli/solve-settings.ts';
import { solveCommand } from '../../src/cli/solve-command.ts';

const parse = (...words: string[]): { operands: string[]; values: Record<string, string | true> } => {
  const { operands, values } = parseArguments(solveCommand, words);
  return { operands: [...operands], values: Object.fromEntries(values) };
};
const settings = (...words: string[]): SolveSettings => readSettings(parseArguments(solveCommand, words).values);

test('an option with an optional file takes the next word only if it ends like one', () => {
  expect(parse('--wcs', 'm31.fits')).toEqual({ operands: ['m31.fits'], values: { wcs: true } });
  expect(parse('m31.fits', '--wcs')).toEqual({ operands: ['m31.fits'], values: { wcs: true } });
  expect(parse('--wcs', 'out.wcs', 'm31.fits')).toEqual({ operands: ['m31.fits'], values: { wcs: 'out.wcs' } });
  expect(parse('m31.fits', '--wcs', 'OUT.WCS')).toEqual({ operands: ['m31.fits'], values: { wcs: 'OUT.WCS' } });
  expect(parse('--wcs=header.fits', 'm31.fits')).toEqual({ operands: ['m31.fits'], values: { wcs: 'header.fits' } });
  expect(parse('--wcs', '--json', 'a')).toEqual({ operands: ['a'], values: { wcs: true, json: true } });
  expect(parse('--wcs', '--', 'b.wcs')).toEqual({ operands: ['b.wcs'], values: { wcs: true } });
});

test('operands keep their order and may look like anything', () => {
  expect(parse('b', '--json', 'a', '-', '--', '-v', '--wcs')).toEqual({
    operands: ['b', 'a', '-', '-v', '--wcs'],
    values: { json: true },
  });
});

test('values may be negative, attached, or given twice, the last one counting', () => {
  expect(parse('--dec', '-5.4', '--ra=10', '-j4', '--ra', '11').values).toEqual({ dec: '-5.4', ra: '11', jobs: '4' });
});

test('--no-hints is off unless said', () => {
  expect(settings().image.headerHints).toBe(true);
  expect(settings('--no-hints').image.headerHints).toBe(false);
});

test('a position is degrees or sexagesimal, five degrees around if nothing else is said', () => {
  const position = { raDeg: 187.5, decDeg: 45.5, radiusDeg: 5 };
  expect(settings('--ra', '12:30:00', '--dec', '+45d30m').image.hints?.position).toEqual(position);
  expect(settings('--ra', '12h30m00s', '--dec', '45:30').image.hints?.position).toEqual(position);
  expect(settings('--ra', '10', '--dec', '-0.5', '--radius', '0.1').image.hints?.position).toEqual({
    raDeg: 10,
    decDeg: -0.5,
    radiusDeg: 0.1,
  });
});

test('pos is the word of solve-field for det(CD) < 0', () => {
  expect(settings('--parity', 'pos').image.hints?.parity).toBe(-1);
  expect(settings('--parity', 'neg').image.hints?.parity).toBe(1);
  expect(settings('--parity', 'both').image.hints).toEqual({});
});

test('scales per pixel are hints, widths wait for the image', () => {
  expect(settings('--scale-low', '1', '--scale-high', '2', '--scale-units', 'app').image).toMatchObject({
    hints: { scale: { lowArcsec: 1, highArcsec: 2 } },
  });
  expect(settings('--scale-low', '1', '--scale-high', '2').image.hints?.fieldWidth).toEqual({ lowDeg: 1, highDeg: 2 });
  expect(settings('--scale-low', '60', '--scale-high', '90', '--scale-units', 'aw').image.hints?.fieldWidth).toEqual({
    lowDeg: 1,
    highDeg: 1.5,
  });
  expect(settings('--scale-low', '5').image.hints?.fieldWidth).toEqual({ lowDeg: 5, highDeg: 180 });
  expect(settings('--scale-high', '5').image.hints?.fieldWidth).toEqual({ lowDeg: 0.1, highDeg: 5 });
  const fieldWidth = settings('--fov', '2').image.hints?.fieldWidth;
  expect(fieldWidth?.lowDeg).toBeCloseTo(1.6);
  expect(fieldWidth?.highDeg).toBeCloseTo(2.4);
});

test('seconds become milliseconds', () => {
  expect(settings('--timeout', '1.5').image.timeoutMs).toBe(1500);
});
