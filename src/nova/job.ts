import { SolveError } from '../errors.ts';
import { ServerError } from '../session/faults.ts';
import type { JsonRequest, SendOptions } from '../session/request-spec.ts';
import { defaultSession } from '../session/default-session.ts';
import type { Session } from '../session/session.ts';
import { SessionRequest } from '../session/session-request.ts';
import { type WcsFile, readWcsFile } from '../products/wcs-file.ts';
import type { NovaCalibration } from '../solution.ts';
import { type DownloadOptions, type SaveOptions, fetchProduct, saveProduct } from './download.ts';
import { type JobProduct, PRODUCTS } from './product.ts';
import { Wait, type WaitOptions, type WaitStatus, checkId } from './wait.ts';
import type { JobInfo, JobStatus, NovaAnnotation } from './wire.ts';

/** How one question is asked. */
export type AskOptions = Pick<SendOptions, 'signal' | 'timeoutMs'>;

/** The WCS file is a header; a log may be long, and is text for people. */
const LONGEST_LOG = 64 * 1024 * 1024;

/** One image on the server: whether it is solved, and all that is known of it then. */
export class Job {
  /** Its number. It is not for ever: an unfinished job gets a new one when the server is restarted. */
  readonly id: number;
  /** The submission that it belongs to; undefined if it was attached to by its own number. */
  readonly submissionId: number | undefined;
  readonly #session: Session;
  #status: JobStatus | undefined;

  /** @internal Use {@link Job.attach}, or {@link Submission}. */
  constructor(session: Session, id: number, submissionId?: number) {
    this.#session = session;
    this.id = checkId('job', id);
    this.submissionId = submissionId;
  }

  /** A job by its number, as another process may have left it. Nothing is asked of the server yet. */
  static attach(session: Session, id: number): Job;
  /** The same with the default session, see {@link init}: reading needs no API key. */
  static attach(id: number): Job;
  static attach(session: Session | number, id?: number): Job {
    return typeof session === 'number' ? new Job(defaultSession(), session) : new Job(session, id ?? Number.NaN);
  }

  /** What it was at the last look; undefined before the first. */
  get status(): JobStatus | undefined {
    return this.#status;
  }

  /** Looks once. */
  async refresh(options: AskOptions = {}): Promise<JobStatus> {
    const { jobCall } = await import('./calls.ts');
    return this.see(await this.#ask(jobCall(this.id), options));
  }

  /** @internal A look at it by somebody else. */
  see(status: JobStatus): JobStatus {
    this.#status = status;
    return status;
  }

  /**
   * Waits until it has ended.
   *
   * @returns whether it is solved
   * @throws {WaitLimitError} with its number
   * @throws {ServerError} `NOT_ON_SERVER`: unknown, or made anew under another number, which its submission tells
   */
  async until(options: WaitOptions = {}): Promise<'success' | 'failure'> {
    const { jobCall } = await import('./calls.ts');
    const wait = new Wait(this.#session, options, this.#waitStatus(), this.#status !== undefined);
    for (;;) {
      if (this.#status === 'success' || this.#status === 'failure') return this.#status;
      const seen = await wait.look(jobCall(this.id));
      if (seen !== undefined) {
        this.see(seen);
        wait.report(this.#waitStatus());
        if (seen === 'success' || seen === 'failure') return seen;
      }
      await wait.pause();
    }
  }

  /**
   * nova's own numbers; undefined if it is not solved. For a source list they are about the part that has sources, and
   * the orientation depends on the kind of file: {@link wcs} is what to compute with.
   */
  async calibration(options: AskOptions = {}): Promise<NovaCalibration | undefined> {
    const { calibrationCall } = await import('./calls.ts');
    return await this.#ask(calibrationCall(this.id), options);
  }

  /** Status, file name, tags, objects and calibration at once. Complete only when the job has ended. */
  async info(options: AskOptions = {}): Promise<JobInfo> {
    const { infoCall } = await import('./calls.ts');
    const info = await this.#ask(infoCall(this.id), options);
    this.see(info.status);
    return info;
  }

  /** Tags of the image, by people and by the server, as the server has torn them: `The star Dubhe (α UMa`, `50 UMa)`. */
  async tags(options: AskOptions = {}): Promise<readonly string[]> {
    const { tagsCall } = await import('./calls.ts');
    return await this.#ask(tagsCall(this.id), options);
  }

  /** Tags of the image by the server. */
  async machineTags(options: AskOptions = {}): Promise<readonly string[]> {
    const { machineTagsCall } = await import('./calls.ts');
    return await this.#ask(machineTagsCall(this.id), options);
  }

  /** Names of objects in the field. */
  async objectsInField(options: AskOptions = {}): Promise<readonly string[]> {
    const { objectsInFieldCall } = await import('./calls.ts');
    return await this.#ask(objectsInFieldCall(this.id), options);
  }

  /**
   * Objects and bright stars with their pixels; undefined if it is not solved.
   *
   * @param options.brightest so many of the bright stars, and nothing else; default: all
   */
  async annotations(
    options: AskOptions & { readonly brightest?: number } = {},
  ): Promise<readonly NovaAnnotation[] | undefined> {
    const { brightest, ...ask } = options;
    if (brightest !== undefined && !(Number.isInteger(brightest) && brightest > 0)) {
      throw new SolveError('BAD_ARGUMENT', `brightest: ${brightest} is no number of stars`);
    }
    const { annotationsCall } = await import('./calls.ts');
    return await this.#ask(annotationsCall(this.id, brightest), ask);
  }

  /** The log of the solver, for people. There is none before it was started, nor if it could not be. */
  async log(options: AskOptions = {}): Promise<string> {
    return await this.#text(`/joblog/${this.id}`, options);
  }

  /** The log of what was done around the solver, for people. */
  async processorLog(options: AskOptions = {}): Promise<string> {
    return await this.#text(`/joblog2/${this.id}`, options);
  }

  /**
   * A product file, in memory.
   *
   * @throws {SolveError} `NOT_ON_SERVER` if it is not solved (yet), and what {@link fetchProduct} throws
   */
  async bytes(product: JobProduct, options: DownloadOptions = {}): Promise<Uint8Array> {
    await this.#expect(product, options);
    return await fetchProduct(this.#session, product, this.id, options);
  }

  /**
   * A product file, to the disk.
   *
   * @returns how many bytes it has
   * @throws {SolveError} `NOT_ON_SERVER` if it is not solved (yet), and what {@link saveProduct} throws
   */
  async save(product: JobProduct, path: string, options: SaveOptions = {}): Promise<number> {
    await this.#expect(product, options);
    return await saveProduct(this.#session, product, this.id, path, options);
  }

  /**
   * The WCS, from its file. Pixels count from 0; rows are in the order in which they were stored, so y grows downwards in
   * a JPEG, PNG or TIFF.
   *
   * @throws {SolveError} `REPLY_INVALID` if there is none in the file, and what {@link bytes} throws
   */
  async wcs(options: DownloadOptions = {}): Promise<WcsFile> {
    const bytes = await this.bytes('wcs', options);
    try {
      return readWcsFile(bytes, 'its WCS file');
    } catch (error) {
      throw new SolveError('REPLY_INVALID', `job ${this.id}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** What JSON shows of it. */
  toJSON(): { readonly id: number; readonly submissionId?: number; readonly status?: JobStatus } {
    return {
      id: this.id,
      ...(this.submissionId === undefined ? {} : { submissionId: this.submissionId }),
      ...(this.#status === undefined ? {} : { status: this.#status }),
    };
  }

  #waitStatus(): WaitStatus {
    const done = this.#status === 'success' || this.#status === 'failure';
    return {
      submissionId: this.submissionId,
      phase: done ? 'done' : 'solving',
      jobs: [{ id: this.id, status: this.#status }],
    };
  }

  /** Some products of a job without a solution make the server stumble, one after another attempt: better ask first. */
  async #expect(product: JobProduct, options: DownloadOptions): Promise<void> {
    if (this.#status !== 'success' && this.#status !== 'failure') {
      await this.refresh({
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
      });
    }
    if (this.#status === 'success' || (this.#status === 'failure' && PRODUCTS[product].unsolved === true)) return;
    const fact = this.#status === 'failure' ? 'was not solved' : `is not solved yet (${this.#status})`;
    throw new SolveError('NOT_ON_SERVER', `job ${this.id}: ${fact}, so it has no ${product} file`);
  }

  async #ask<T>(call: JsonRequest<T>, options: AskOptions): Promise<T> {
    return await new SessionRequest(this.#session, call).send(options);
  }

  async #text(path: string, options: AskOptions): Promise<string> {
    const { transport } = this.#session;
    return await new SessionRequest(this.#session, {
      path,
      // While there is no such file the server stumbles, and will again.
      retries: 1,
      consume: async ({ body, contentType, status }) => {
        const decoder = new TextDecoder();
        let text = '';
        for await (const piece of body) {
          text += decoder.decode(piece, { stream: true });
          if (text.length > LONGEST_LOG) break;
        }
        text += decoder.decode();
        if (contentType !== 'text/html') return text;
        throw new ServerError(
          'REPLY_INVALID',
          `${transport.where(path, false)}: a web page came instead of a log`,
          status,
        );
      },
    }).send(options);
  }
}
