import { BLOCK_BYTES, CARD_BYTES, type Card, Header, formatCard, parseHeader } from '../fits/header.ts';
import type { WcsCards } from '../wcs/header.ts';

/** What has become of a header. */
export interface HeaderEdit {
  /** Whole header blocks, END included. */
  readonly blocks: Uint8Array;
  /** Cards that are gone or were replaced, as they stood, without blanks at the end. */
  readonly removed: readonly string[];
  /** Cards that have come or were replaced. */
  readonly added: readonly string[];
}

/**
 * Cards of a WCS that speaks of the first two axes, in any of the spellings that readers follow. Not among them: other
 * WCS of the same image (keywords that end in a letter), and telescope positions (OBJCTRA, RA).
 *
 * - paper I and II, with SIP and SCAMP's PV; the linear part of all axes, since its spellings must not be mixed
 * - paper IV and the tables of HST: distortion on top of the linear part
 * - TRi_j, the polynomials of PinPoint
 * - PLTSOLVD, by which ASTAP and N.I.N.A. tell that a WCS is a solution
 */
const STALE = [
  /^(?:WCSAXES|WCSNAME|LONPOLE|LATPOLE|RADESYS|RADECSYS|EQUINOX|IMAGEW|IMAGEH|PLTSOLVD)$/,
  /^(?:CTYPE|CRVAL|CRPIX|CUNIT|CNAME|CRDER|CSYER)[12]$/,
  /^(?:CDELT|CROTA)\d+$/,
  /^(?:CD|PC)\d+_\d+$/,
  /^(?:CD|PC)\d{6}$/,
  /^(?:PV|PS)[12]_\d+$/,
  /^(?:A|B|AP|BP)_(?:ORDER|DMAX|\d+_\d+)$/,
  /^(?:CPDIS|CPERR|CQDIS|CQERR|DP|DQ|D2IMDIS|D2IMERR|D2IM)[12]$/,
  /^(?:D2IMEXT|AXISCORR)$/,
  /^TR[12]_\d+$/,
];

/**
 * Writes a WCS into a header: stale cards of the WCS of the first two axes go, the new ones come behind the last card.
 * Every other card stays as it is, byte for byte and in its order; what is told of further axes keeps its meaning.
 *
 * Doing it twice changes nothing.
 *
 * @param old whole header blocks, END included
 * @param cards as `wcsToCards` makes them
 */
export function editHeader(old: Uint8Array, cards: WcsCards): HeaderEdit {
  const header = parseHeader(old);
  const kept: { readonly card: Card; readonly bytes: Uint8Array }[] = [];
  let at = 0;
  for (const card of header.cards) {
    const bytes = old.subarray(at, at + card.raw.length);
    at += card.raw.length;
    if (!isStale(card)) kept.push({ card, bytes });
  }
  const axes = higherAxes(header);
  const last = Math.max(2, ...axes);
  const asBytes = (keyword: string, value: string | number | boolean, comment?: string): Uint8Array =>
    encode(formatCard({ keyword, value, ...(comment === undefined ? {} : { comment }) }));
  const { WCSAXES: _, ...rest } = cards;
  const fresh = Object.entries(rest).map(([keyword, value]) => asBytes(keyword, value));
  for (const axis of axes) fresh.push(asBytes(`CD${axis}_${axis}`, linearOf(header, axis)));
  fresh.push(asBytes('PLTSOLVD', true, 'Plate solved by starfix'));
  const count = asBytes('WCSAXES', last, 'Axes of the WCS');

  // Blank cards at the end are room that a program has reserved: they stay there.
  let end = kept.length;
  while (end > 0 && kept[end - 1]!.card.raw.trim() === '') end--;
  // The standard wants WCSAXES before the other cards of the WCS.
  const first = kept.findIndex(({ card }) => axisOf(card.keyword) !== undefined);
  const before = first < 0 ? end : Math.min(first, end);
  const bytes = kept.map((one) => one.bytes);
  const blocks = join([...bytes.slice(0, before), count, ...bytes.slice(before, end), ...fresh, ...bytes.slice(end)]);
  return { blocks, ...difference(old, blocks) };
}

/**
 * What differs between two headers: cards that only one of them has, in their order.
 *
 * @param before whole header blocks
 * @param after whole header blocks
 */
export function difference(before: Uint8Array, after: Uint8Array): Omit<HeaderEdit, 'blocks'> {
  return { removed: onlyIn(before, after), added: onlyIn(after, before) };
}

function onlyIn(one: Uint8Array, other: Uint8Array): string[] {
  const there = new Map<string, number>();
  for (const { raw } of parseHeader(other).cards) there.set(raw, (there.get(raw) ?? 0) + 1);
  const only: string[] = [];
  for (const { raw } of parseHeader(one).cards) {
    const left = there.get(raw) ?? 0;
    if (left > 0) there.set(raw, left - 1);
    else only.push(...(raw.match(/.{80}/gs) ?? []).map((line) => line.trimEnd()));
  }
  return only;
}

function isStale({ keyword, raw }: Card): boolean {
  // A card of the HIERARCH convention is another one, whatever stands behind that word.
  return !raw.startsWith('HIERARCH') && STALE.some((pattern) => pattern.test(keyword));
}

/** The axis from 3 on that a card of the WCS speaks of. */
function axisOf(keyword: string): number | undefined {
  const match = /^(?:CTYPE|CRVAL|CRPIX|CUNIT|CDELT|CROTA)([1-9]\d?)$/.exec(keyword);
  const axis = Number(match?.[1] ?? 0);
  return axis >= 3 ? axis : undefined;
}

/** Axes from 3 on of which the header tells where they are. */
function higherAxes(header: Header): number[] {
  const named = new Set(header.cards.flatMap(({ keyword }) => axisOf(keyword) ?? []));
  const last = Math.max(2, ...named);
  return Array.from({ length: last - 2 }, (_, i) => i + 3);
}

/** The step along an axis, as the old linear part has it. */
function linearOf(header: Header, axis: number): number {
  const cd = header.getNumber(`CD${axis}_${axis}`);
  const step = (header.getNumber(`CDELT${axis}`) ?? 1) * (header.getNumber(`PC${axis}_${axis}`) ?? 1);
  // 0 would make the matrix singular, and with it the whole WCS.
  return (cd ?? step) || 1;
}

function encode(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** Cards with END behind them, filled up to whole blocks. */
function join(cards: readonly Uint8Array[]): Uint8Array {
  const length = cards.reduce((sum, card) => sum + card.length, CARD_BYTES);
  const blocks = new Uint8Array(Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES).fill(0x20);
  let at = 0;
  for (const card of cards) {
    blocks.set(card, at);
    at += card.length;
  }
  blocks.set(encode('END'), at);
  return blocks;
}
