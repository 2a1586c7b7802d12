import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { directionToFace, faceToDirection } from '../../src/math/healpix.ts';
import { cellToDirection, directionToCell } from '../../src/skyindex/cell-grid.ts';

const height = fc.oneof(
  fc.double({ min: -1, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 1e-9, noNaN: true }).map((d) => 1 - d),
  fc.double({ min: 0, max: 1e-9, noNaN: true }).map((d) => d - 1),
  fc.constantFrom(0, 1, -1, 2 / 3, -2 / 3),
);
const turn = fc.oneof(
  fc.double({ min: 0, max: 2 * Math.PI, noNaN: true }),
  fc.constantFrom(0, Math.PI / 2, Math.PI, -Math.PI / 4),
);
const direction = fc.tuple(height, turn).map(([z, phi]) => {
  const r = Math.sqrt((1 - z) * (1 + z));
  return [r * Math.cos(phi), r * Math.sin(phi), z] as const;
});

describe('HEALPix faces', () => {
  test('a direction is found again from its face and place', () => {
    const place = new Float64Array(3);
    const back = new Float64Array(3);
    fc.assert(
      fc.property(direction, ([x, y, z]) => {
        directionToFace(x, y, z, place);
        expect(place[0]).toBeGreaterThanOrEqual(0);
        expect(place[0]).toBeLessThan(12);
        expect(Math.max(place[1]!, place[2]!)).toBeLessThan(1);
        faceToDirection(place[0]!, place[1]!, place[2]!, back);
        expect(Math.hypot(back[0]! - x, back[1]! - y, back[2]! - z)).toBeLessThan(1e-7);
      }),
      { numRuns: 5000 },
    );
  });

  test('a packed position is right to 0.11 arcsec', () => {
    const cell = new Uint32Array(2);
    const back = new Float64Array(3);
    fc.assert(
      fc.property(direction, ([x, y, z]) => {
        directionToCell(x, y, z, cell);
        cellToDirection(cell[0]!, cell[1]!, back, 0);
        expect((Math.hypot(back[0]! - x, back[1]! - y, back[2]! - z) * 648000) / Math.PI).toBeLessThan(0.11);
      }),
      { numRuns: 5000 },
    );
  });

  test('equal squares are equal areas: uniform directions fill the faces evenly', () => {
    const place = new Float64Array(3);
    const counts = new Uint32Array(12 * 16);
    const steps = 400;
    for (let i = 0; i < steps; i++) {
      for (let j = 0; j < steps; j++) {
        const z = (2 * (i + 0.5)) / steps - 1;
        const phi = (2 * Math.PI * (j + 0.5)) / steps;
        const r = Math.sqrt(1 - z * z);
        directionToFace(r * Math.cos(phi), r * Math.sin(phi), z, place);
        counts[place[0]! * 16 + Math.floor(4 * place[2]!) * 4 + Math.floor(4 * place[1]!)]!++;
      }
    }
    const mean = (steps * steps) / counts.length;
    expect(Math.min(...counts)).toBeGreaterThan(0.93 * mean);
    expect(Math.max(...counts)).toBeLessThan(1.07 * mean);
  });
});
