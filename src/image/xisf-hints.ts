import type { Card, CardValue } from '../fits/header.ts';
import { Header, parseCard } from '../fits/header.ts';
import type { HeaderHint } from '../hints.ts';
import { headerHints } from './header-hints.ts';
import type { XisfImage } from './xisf-header.ts';

/** Properties that mean what a keyword of FITS means, and the unit the specification gives them. */
const LIKE_KEYWORDS: readonly (readonly [property: string, keyword: string, unit: string])[] = [
  ['Observation:Center:RA', 'CENTRA', 'deg'],
  ['Observation:Center:Dec', 'CENTDEC', 'deg'],
  ['Observation:Object:RA', 'OBJCTRA', 'deg'],
  ['Observation:Object:Dec', 'OBJCTDEC', 'deg'],
  ['Observation:Equinox', 'EQUINOX', ''],
  ['Observation:CelestialReferenceSystem', 'RADESYS', ''],
  ['Instrument:Telescope:FocalLength', 'FOCALLEN', 'mm'],
  ['Instrument:Sensor:XPixelSize', 'XPIXSZ', 'um'],
  ['Instrument:Camera:XBinning', 'XBINNING', ''],
];

/** Beyond so many metres a focal length was written in millimetres, as N.I.N.A. did: no amateur's or professional's is longer. */
const MOST_FOCAL_M = 150;

/**
 * What the header of an XISF image says about where it points and how large its pixels are: its own properties first,
 * then the keywords it has kept of a FITS header.
 */
export function xisfHints(image: XisfImage, width: number, height: number): HeaderHint[] {
  const hints = headerHints(propertiesAsHeader(image), width, height).map((hint) => ({
    ...hint,
    from: LIKE_KEYWORDS.reduce((text, [property, keyword]) => text.replace(keyword, property), hint.from),
  }));
  for (const hint of headerHints(keywordsAsHeader(image), width, height)) {
    if (!hints.some((other) => saysTheSame(hint, other))) hints.push(hint);
  }
  return [...hints.filter(({ kind }) => kind === 'position'), ...hints.filter(({ kind }) => kind === 'scale')];
}

function propertiesAsHeader({ properties }: XisfImage): Header {
  const cards: Card[] = [];
  for (const [property, keyword, comment] of LIKE_KEYWORDS) {
    const text = properties.get(property)?.trim();
    if (text === undefined || text === '') continue;
    let value: CardValue = Number.isFinite(Number(text)) ? Number(text) : text;
    if (keyword === 'FOCALLEN' && typeof value === 'number' && value < MOST_FOCAL_M) value *= 1000;
    cards.push({ keyword, value, comment, raw: '' });
  }
  return new Header(cards);
}

function keywordsAsHeader({ keywords }: XisfImage): Header {
  return new Header(
    keywords.map(({ name, value, comment }) =>
      parseCard(
        `${name.length > 8 ? `HIERARCH ${name}` : name.padEnd(8)}= ${value}${comment === '' ? '' : ` / ${comment}`}`,
      ),
    ),
  );
}

/** To the last digits that one of the two may have lost. */
function saysTheSame(a: HeaderHint, b: HeaderHint): boolean {
  if (a.kind === 'scale') return b.kind === 'scale' && Math.abs(Math.log(a.scaleArcsec / b.scaleArcsec)) < 0.01;
  return b.kind === 'position' && Math.hypot(a.raDeg - b.raDeg, a.decDeg - b.decDeg) < 0.001;
}
