import { type ZodType, z } from 'zod';
import { SESSION_KEY } from './session-token.ts';

/** A good answer to a login. */
export interface LoginReply {
  readonly status: 'success';
  /** Ends with the user's e-mail address, which may be empty. */
  readonly message?: string | undefined;
  /** The session key. */
  readonly session: string;
}

/** Checks the answer to a login. */
export const LOGIN_REPLY: ZodType<LoginReply> = z.object({
  status: z.literal('success'),
  message: z.string().optional(),
  session: z.string().regex(SESSION_KEY, 'not a session key'),
});
