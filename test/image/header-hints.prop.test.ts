import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Card, Header } from '../../src/fits/header.ts';
import { headerHints } from '../../src/image/header-hints.ts';

const KEYWORDS = (
  'RA DEC OBJCTRA OBJCTDEC OBJRA OBJDEC RA_OBJ DEC_OBJ TELRA TELDEC CENTRA CENTDEC EQUINOX EPOCH DATE-OBS RADESYS ' +
  'CRVAL1 CRVAL2 CRPIX1 CRPIX2 CTYPE1 CD1_1 CD1_2 CD2_1 CD2_2 CDELT1 CDELT2 CROTA2 PC1_1 PC1_2 PLTSOLVD A_ORDER ' +
  'SCALE PIXSCALE SECPIX PLTSCALE FOCALLEN XPIXSZ PIXSIZE1 XPIXELSZ CDELTM1 XBINNING CCDSUM BINNING'
).split(' ');

const value = fc.oneof(
  fc.double(),
  fc.integer({ min: -400, max: 400 }),
  fc.boolean(),
  fc.string(),
  fc.constant(undefined),
  fc.stringMatching(/^[-+ 0-9:.hdms]{0,14}$/),
  fc.constantFrom('JNOW', 'J2000', 'RA---TAN', 'DEC--TAN', '2025-13-40', 'T'),
);
const header = fc
  .array(fc.record({ keyword: fc.constantFrom(...KEYWORDS), value, comment: fc.string() }), { maxLength: 30 })
  .map((cards) => new Header(cards.map((card): Card => ({ ...card, raw: '' }))));

test('whatever a header says, the hints are directions and scales that exist, each once, and nothing throws', () => {
  fc.assert(
    fc.property(header, fc.nat(), fc.nat(), (cards, width, height) => {
      const hints = headerHints(cards, width, height);
      for (const hint of hints) {
        expect(hint.from).not.toBe('');
        if (hint.kind === 'position') {
          expect(hint.raDeg >= 0 && hint.raDeg < 360).toBe(true);
          expect(hint.decDeg >= -90 && hint.decDeg <= 90).toBe(true);
        } else {
          expect(hint.scaleArcsec >= 0.005 && hint.scaleArcsec <= 2000).toBe(true);
        }
      }
      const scales = hints.flatMap((hint) => (hint.kind === 'scale' ? [hint.scaleArcsec] : [])).sort((a, b) => a - b);
      for (let i = 1; i < scales.length; i++) expect(scales[i]! / scales[i - 1]!).toBeGreaterThan(1.009);
      const firstScale = hints.findIndex((hint) => hint.kind === 'scale');
      expect(firstScale < 0 || hints.slice(firstScale).every((hint) => hint.kind === 'scale')).toBe(true);
    }),
    { numRuns: 3000 },
  );
});
