import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type UploadSettings, decodeSettings, encodeSettings } from '../../src/nova/settings.ts';
import { decodeSources, encodeSources } from '../../src/nova/source-fields.ts';

const UNITS = fc.constantFrom('degwidth', 'arcminwidth', 'arcsecperpix', 'focalmm');
const POSITIVE = fc.double({ min: 1e-3, max: 1e4, noNaN: true });

const SETTINGS: fc.Arbitrary<UploadSettings> = fc.record(
  {
    publiclyVisible: fc.boolean(),
    allowCommercialUse: fc.constantFrom('yes', 'no', 'default'),
    allowModifications: fc.constantFrom('yes', 'no', 'share-alike', 'default'),
    scale: fc.oneof(
      fc.record({ units: UNITS, lower: POSITIVE, upper: POSITIVE }).filter(({ lower, upper }) => lower < upper),
      fc.record({ units: UNITS, estimate: POSITIVE, errorPercent: fc.double({ min: 1, max: 100, noNaN: true }) }),
    ),
    position: fc.record({
      raDeg: fc.double({ min: 0, max: 359.999, noNaN: true }),
      decDeg: fc.double({ min: -90, max: 90, noNaN: true }),
      radiusDeg: fc.double({ min: 0.01, max: 180, noNaN: true }),
    }),
    parity: fc.constantFrom(1, -1),
    tweakOrder: fc.integer({ min: 0, max: 9 }),
    downsampleFactor: fc.integer({ min: 1, max: 64 }),
    useSourceExtractor: fc.boolean(),
    crpixCenter: fc.boolean(),
    invert: fc.boolean(),
    positionalError: POSITIVE,
    album: fc.string({ minLength: 1 }),
  },
  { requiredKeys: [] },
);

test('settings go there and back', () => {
  fc.assert(
    fc.property(SETTINGS, (settings) => {
      const json = JSON.parse(JSON.stringify(encodeSettings(settings))) as Record<string, unknown>;
      for (const value of Object.values(json)) expect([null, '']).not.toContain(value);
      const back = decodeSettings(json);
      for (const [key, value] of Object.entries(settings)) {
        if (key === 'position') {
          // 0 is sent as a third of a milliarcsecond.
          const { raDeg, decDeg, radiusDeg } = value as NonNullable<UploadSettings['position']>;
          expect(back.position!.raDeg).toBeCloseTo(raDeg, 8);
          expect(back.position!.decDeg).toBeCloseTo(decDeg, 8);
          expect(back.position!.radiusDeg).toBe(radiusDeg);
        } else expect([key, back[key as keyof UploadSettings]]).toEqual([key, value]);
      }
    }),
  );
});

test('a source list goes there and back within a two thousandth of a pixel', () => {
  const side = fc.integer({ min: 16, max: 20_000 });
  const list = fc.array(
    fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
    {
      minLength: 1,
      maxLength: 50,
    },
  );
  fc.assert(
    fc.property(side, side, list, (width, height, places) => {
      const x = Float64Array.from(places, ([u]) => u * (width - 1));
      const y = Float64Array.from(places, ([, v]) => v * (height - 1));
      const json = JSON.parse(JSON.stringify(encodeSources({ width, height, x, y }))) as Record<string, unknown>;
      const back = decodeSources(json)!;
      expect({ width: back.width, height: back.height }).toEqual({ width, height });
      for (let i = 0; i < x.length; i++) {
        expect(Math.abs(back.x[i]! - x[i]!)).toBeLessThan(0.000501);
        expect(Math.abs(back.y[i]! - y[i]!)).toBeLessThan(0.000501);
        // The server wants positions above 0.
        expect((json['x'] as number[])[i]).toBeGreaterThan(0);
      }
    }),
  );
});
