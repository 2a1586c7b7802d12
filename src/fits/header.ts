import { SolveError } from '../errors.ts';

/** Bytes of one card. */
export const CARD_BYTES = 80;

/** Headers and data come in blocks of this size. */
export const BLOCK_BYTES = 2880;

/**
 * What a card says. `undefined`: it says nothing (a comment, or a keyword without a value).
 * Text without quotes, which some programs write, and complex numbers are given as strings, as they stand.
 */
export type CardValue = string | number | boolean | undefined;

/** One header record; a long string and its CONTINUE records make one card. */
export interface Card {
  /** Upper case, without blanks at the end; of a HIERARCH card the words behind it (`ESO TEL ALT`); `''` if blank. */
  readonly keyword: string;
  readonly value: CardValue;
  /** Behind the slash; of COMMENT, HISTORY and other cards without a value the whole text. */
  readonly comment: string;
  /** As it stands in the file, a multiple of 80 characters; bytes that are not ASCII count as Latin-1. */
  readonly raw: string;
}

/** The cards of one HDU, without END, and a way to find them. */
export class Header {
  readonly cards: readonly Card[];
  readonly #places = new Map<string, number>();

  constructor(cards: readonly Card[]) {
    this.cards = cards;
    for (let i = 0; i < cards.length; i++) {
      const { keyword } = cards[i]!;
      if (!this.#places.has(keyword)) this.#places.set(keyword, i);
    }
  }

  /** The first card with this keyword (any case), if there is one. */
  card(keyword: string): Card | undefined {
    const place = this.#places.get(keyword.toUpperCase());
    return place === undefined ? undefined : this.cards[place];
  }

  /** The value of the first card with this keyword. */
  get(keyword: string): CardValue {
    return this.card(keyword)?.value;
  }

  /** The same if it is a number, or a string that holds a number and nothing else (some programs quote them). */
  getNumber(keyword: string): number | undefined {
    const value = this.get(keyword);
    if (typeof value === 'number') return value;
    return typeof value === 'string' ? parseNumber(value.trim()) : undefined;
  }

  /** The same if it is a string. */
  getString(keyword: string): string | undefined {
    const value = this.get(keyword);
    return typeof value === 'string' ? value : undefined;
  }
}

/**
 * Reads the cards in header blocks, up to END or to the end of the bytes.
 *
 * Never fails: what a card cannot be read as a value is a comment (FITS standard 4.0, section 4).
 */
export function parseHeader(bytes: Uint8Array): Header {
  const cards: Card[] = [];
  const end = bytes.length - (bytes.length % CARD_BYTES);
  let at = 0;
  while (at < end) {
    const raw = cardText(bytes, at);
    at += CARD_BYTES;
    if (isEnd(raw)) break;
    const card = parseCard(raw);
    // Section 4.2.1.2: a string that ends in & goes on in the next card if that is a CONTINUE.
    const parts: LongString = { values: [], comments: [card.comment], raws: [raw] };
    let last = card.value;
    while (at < end && typeof last === 'string' && last.endsWith('&')) {
      const next = cardText(bytes, at);
      const part = next.startsWith('CONTINUE  ') ? parseValue(next.slice(10)) : undefined;
      if (typeof part?.value !== 'string') break;
      at += CARD_BYTES;
      parts.values.push(last.slice(0, -1));
      parts.comments.push(part.comment);
      parts.raws.push(next);
      last = part.value;
    }
    cards.push(parts.raws.length === 1 ? card : joinParts(card.keyword, parts, last as string));
  }
  return new Header(cards);
}

/** What a string and its CONTINUE records bring, gathered before it is joined: there may be thousands. */
interface LongString {
  readonly values: string[];
  readonly comments: string[];
  readonly raws: string[];
}

function joinParts(keyword: string, parts: LongString, last: string): Card {
  return {
    keyword,
    value: parts.values.join('') + last,
    comment: parts.comments.filter((text) => text !== '').join(' '),
    raw: parts.raws.join(''),
  };
}

/** Reads one record of 80 characters; CONTINUE is {@link parseHeader}'s matter and a comment here. */
export function parseCard(raw: string): Card {
  const name = raw.slice(0, 8).trimEnd().toUpperCase();
  if (name === 'HIERARCH') {
    // The ESO convention: words, an equals sign, and a value in free format.
    const equals = raw.indexOf('=', 9);
    const keyword = raw.slice(9, Math.max(9, equals)).trim().replace(/\s+/g, ' ').toUpperCase();
    if (keyword !== '') return { keyword, ...parseValue(raw.slice(equals + 1)), raw };
  }
  const commentary = name === '' || name === 'COMMENT' || name === 'HISTORY' || name === 'CONTINUE';
  // The standard wants '= '; programs that leave out the blank exist and mean the same.
  if (!commentary && raw[8] === '=') return { keyword: name, ...parseValue(raw.slice(9)), raw };
  return { keyword: name, value: undefined, comment: raw.slice(8).trimEnd(), raw };
}

/** True for the card that ends a header. */
export function isEnd(raw: string): boolean {
  return raw.startsWith('END') && raw.slice(3).trim() === '';
}

/** The text of the card at `at`. Latin-1, so that each byte is one character; NUL, which some programs pad with, is blank. */
export function cardText(bytes: Uint8Array, at: number): string {
  let text = '';
  for (let i = at; i < at + CARD_BYTES; i++) {
    const byte = bytes[i]!;
    text += byte === 0 ? ' ' : String.fromCharCode(byte);
  }
  return text;
}

/** Splits what stands behind the equals sign. */
function parseValue(text: string): { value: CardValue; comment: string } {
  const body = text.trimStart();
  if (body.startsWith("'")) {
    const close = closingQuote(body);
    const value = body.slice(1, close).replaceAll("''", "'").trimEnd();
    return { value, comment: commentOf(body, close + 1) };
  }
  const slash = body.indexOf('/');
  const token = (slash < 0 ? body : body.slice(0, slash)).trimEnd();
  return { value: parseToken(token), comment: commentOf(body, token.length) };
}

/** Where the string that begins at 0 ends: at a quote that is not doubled, or at the end of the card if there is none. */
function closingQuote(body: string): number {
  for (let i = 1; i < body.length; i++) {
    if (body[i] !== "'") continue;
    if (body[i + 1] !== "'") return i;
    i++;
  }
  return body.length;
}

function commentOf(body: string, from: number): string {
  const slash = body.indexOf('/', from);
  return slash < 0 ? '' : body.slice(slash + 1).trim();
}

function parseToken(token: string): CardValue {
  if (token === '') return undefined;
  if (token === 'T') return true;
  if (token === 'F') return false;
  return parseNumber(token) ?? token;
}

/** The number that a text is, D exponents included; `undefined` if it is anything else (or beyond all numbers). */
export function parseNumber(text: string): number | undefined {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([EeDd][+-]?\d+)?$/.test(text)) return undefined;
  const number = Number(text.replace(/[Dd]/, 'E'));
  return Number.isFinite(number) ? number : undefined;
}

/** A card to be written: `raw` is made of the rest. */
export type NewCard = Pick<Card, 'keyword'> & Partial<Pick<Card, 'value' | 'comment'>>;

/**
 * One card as text, a multiple of 80 characters: fixed format where it fits (FITS standard 4.0, section 4.2), long
 * strings with CONTINUE, keywords beyond eight letters as HIERARCH, long commentary as several cards.
 * A comment behind a value is cut where the card ends.
 *
 * @throws {SolveError} `BAD_ARGUMENT` for what no card can say: a keyword or text with other characters, NaN
 */
export function formatCard({ keyword, value, comment = '' }: NewCard): string {
  if (!isAscii(keyword) || !isAscii(comment) || (typeof value === 'string' && !isAscii(value))) {
    throw new SolveError('BAD_ARGUMENT', `card ${keyword}: only printable ASCII can stand in a FITS header`);
  }
  const name = keyword.toUpperCase();
  if (name === '' || name === 'COMMENT' || name === 'HISTORY') return formatCommentary(name, comment);
  const plain = /^[A-Z0-9_-]{1,8}$/.test(name);
  if (!plain && !/^[A-Z0-9_-]+( [A-Z0-9_-]+)*$/.test(name)) {
    throw new SolveError('BAD_ARGUMENT', `card ${keyword}: not a FITS keyword`);
  }
  const head = plain ? `${name.padEnd(8)}= ` : `HIERARCH ${name} = `;
  const text = valueText(keyword, value, plain);
  if (head.length + text.length <= CARD_BYTES) return closeCard(head + text, comment);
  if (typeof value !== 'string' || !plain) {
    throw new SolveError('BAD_ARGUMENT', `card ${keyword}: keyword and value need more than ${CARD_BYTES} characters`);
  }
  return formatLongString(head, value, comment);
}

/**
 * Cards as header blocks, with END, filled with blanks to a multiple of 2880 bytes.
 * A card that was read (it has `raw`) is written as it was.
 */
export function formatHeader(cards: readonly (Card | NewCard)[]): Uint8Array {
  let text = '';
  for (const card of cards) text += 'raw' in card ? card.raw : formatCard(card);
  text += 'END'.padEnd(CARD_BYTES);
  const bytes = new Uint8Array(Math.ceil(text.length / BLOCK_BYTES) * BLOCK_BYTES).fill(0x20);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function formatCommentary(name: string, comment: string): string {
  const width = CARD_BYTES - 8;
  let text = '';
  for (let at = 0; at === 0 || at < comment.length; at += width) {
    text += (name.padEnd(8) + comment.slice(at, at + width)).padEnd(CARD_BYTES);
  }
  return text;
}

function valueText(keyword: string, value: CardValue, fixed: boolean): string {
  switch (typeof value) {
    case 'string': {
      const quoted = value.replaceAll("'", "''");
      return `'${fixed ? quoted.padEnd(8) : quoted}'`;
    }
    case 'boolean':
      return (value ? 'T' : 'F').padStart(fixed ? 20 : 0);
    case 'number': {
      if (!Number.isFinite(value)) throw new SolveError('BAD_ARGUMENT', `card ${keyword}: ${value} cannot be written`);
      return String(value)
        .toUpperCase()
        .padStart(fixed ? 20 : 0);
    }
    default:
      return '';
  }
}

function closeCard(text: string, comment: string): string {
  const full = comment === '' ? text : `${text.padEnd(30)} / ${comment}`;
  return full.slice(0, CARD_BYTES).padEnd(CARD_BYTES);
}

function formatLongString(head: string, value: string, comment: string): string {
  // 10 characters of head, two quotes and the & leave 67.
  const room = CARD_BYTES - 10 - 3;
  let text = '';
  let lead = head;
  let rest = value.replaceAll("'", "''");
  while (rest.length > room) {
    let cut = room;
    // A doubled quote stays together: an odd run of quotes before the cut would be parted by it.
    const quotes = /'+$/.exec(rest.slice(0, cut))?.[0].length ?? 0;
    if (quotes % 2 === 1) cut--;
    text += `${lead}'${rest.slice(0, cut)}&'`.padEnd(CARD_BYTES);
    lead = 'CONTINUE  ';
    rest = rest.slice(cut);
  }
  return text + closeCard(`${lead}'${rest}'`, comment);
}

function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}
