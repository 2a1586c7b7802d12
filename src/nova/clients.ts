import { defaultSession } from '../session/default-session.ts';
import type { Session } from '../session/session.ts';
import { type SessionClients, makeClient, registerClients } from '../session/session-clients.ts';
import { jobsByTag, myJobs } from './account.ts';
import { type DownloadOptions, type SaveOptions, fetchProduct, saveProduct } from './download.ts';
import { type AskOptions, Job } from './job.ts';
import { PRODUCTS, type ProductKind, type ProductName } from './product.ts';
import { Submission } from './submission.ts';
import { type UploadInput, type UploadOptions, upload } from './upload.ts';

/** Sending images and source lists. */
export interface UploadsClient {
  /** As `upload` with this session. */
  upload(input: UploadInput, options?: UploadOptions): Promise<Submission>;
  /** Has the server fetch an image by itself, over `http:` or `https:`. */
  uploadUrl(url: string | URL, options?: UploadOptions): Promise<Submission>;
}

/** What was sent. */
export interface SubmissionsClient {
  /** A submission by its number. Nothing is asked of the server yet. */
  attach(id: number): Submission;
}

/** What became of it. */
export interface JobsClient {
  /** A job by its number. Nothing is asked of the server yet. */
  attach(id: number): Job;
  /** Numbers of all jobs of the user, ascending. */
  mine(options?: AskOptions): Promise<readonly number[]>;
  /** Numbers of the jobs of anybody whose image has a tag, as `jobsByTag` with this session. */
  byTag(tag: string, options?: AskOptions & { readonly exact?: boolean }): Promise<readonly number[]>;
}

/** The files of what was solved. */
export interface ProductsClient {
  /** Every file that there is. */
  readonly kinds: Readonly<Record<ProductName, ProductKind>>;
  /** A file, in memory, as `fetchProduct` with this session. */
  fetch(product: ProductName, id: number, options?: DownloadOptions): Promise<Uint8Array>;
  /** A file, to the disk, as `saveProduct` with this session. */
  save(product: ProductName, id: number, path: string, options?: SaveOptions): Promise<number>;
}

declare module '../session/session-clients.ts' {
  interface SessionClients {
    /** Sending. */
    readonly uploads: UploadsClient;
    /** What was sent. */
    readonly submissions: SubmissionsClient;
    /** What became of it. */
    readonly jobs: JobsClient;
    /** Files. */
    readonly products: ProductsClient;
  }
}

// The session must not know what is above it, so that is told to it, once, when this is loaded.
registerClients<Session>({
  uploads: (session) => ({
    upload: async (input, options) => await upload(session, input, options),
    uploadUrl: async (url, options) => await upload(session, new URL(url), options),
  }),
  submissions: (session) => ({ attach: (id) => Submission.attach(session, id) }),
  jobs: (session) => ({
    attach: (id) => Job.attach(session, id),
    mine: async (options) => await myJobs(session, options),
    byTag: async (tag, options) => await jobsByTag(session, tag, options),
  }),
  products: (session) => ({
    kinds: PRODUCTS,
    fetch: async (product, id, options) => await fetchProduct(session, product, id, options),
    save: async (product, id, path, options) => await saveProduct(session, product, id, path, options),
  }),
});

/**
 * One of the server's APIs: `uploads`, `submissions`, `jobs`, `products`. The same as `session.client(name)`.
 *
 * @param session default: that of `init`
 * @throws {SolveError} `BAD_ARGUMENT` for another name
 *
 * @example
 * ```ts
 * await init();
 * const { status } = await client('jobs').attach(9000011).info();
 * ```
 */
export function client<Name extends keyof SessionClients>(
  name: Name,
  session: Session = defaultSession(),
): SessionClients[Name] {
  return makeClient(session, name);
}
