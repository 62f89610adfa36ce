import { createHash } from 'node:crypto'

/** Who has logged in. Of a session's token only the hash is kept: what is in memory opens no door. */
export interface Sessions {
  /**
   * @param holds does the secret hold still that it was opened with? When it does not, the session is over.
   * @returns the token of a new session; the one that has rested longest gives way where there are too many.
   */
  readonly begin: (holds: () => boolean) => string
  /** Is it one that is in force? Then it counts as used. */
  readonly use: (token: string) => SessionId | null
  /** Is it still in force? A page that listens counts as use: a screen on the wall stays until {@link SESSION_LASTS_MS}. */
  readonly touch: (id: SessionId) => boolean
  readonly end: (id: SessionId) => void
}

export const SESSION_COOKIE = 'switchboard_console'

declare const sessionId: unique symbol
/** The hash of a token. */
export type SessionId = string & { readonly [sessionId]: true }

export interface SessionsDependencies {
  /** Monotonic, in ms. */
  readonly now: () => number
  /** A new token: 256 bits of chance. */
  readonly newToken: () => string
}

export const MOST_SESSIONS = 50

/** A session that nobody used for so long is over, in ms. */
export const SESSION_RESTS_MS = 60 * 60_000

/** And so is one that is so old, in ms: a shift, and then one logs in again. */
export const SESSION_LASTS_MS = 12 * 60 * 60_000

interface Session {
  readonly holds: () => boolean
  readonly begunAtMs: number
  usedAtMs: number
}

export function createSessions({ now, newToken }: SessionsDependencies): Sessions {
  /** In the order of their last use. */
  const sessions = new Map<SessionId, Session>()

  function find(id: SessionId): Session | null {
    const session = sessions.get(id)
    if (session === undefined) return null
    const isOver =
      now() - session.usedAtMs >= SESSION_RESTS_MS ||
      now() - session.begunAtMs >= SESSION_LASTS_MS ||
      !session.holds()
    if (isOver) sessions.delete(id)
    return isOver ? null : session
  }

  function touch(id: SessionId): boolean {
    const session = find(id)
    if (session === null) return false
    session.usedAtMs = now()
    sessions.delete(id)
    sessions.set(id, session)
    return true
  }

  return {
    begin(holds) {
      const token = newToken()
      sessions.set(idOf(token), { holds, begunAtMs: now(), usedAtMs: now() })
      if (sessions.size > MOST_SESSIONS) {
        const [oldest] = sessions.keys()
        if (oldest !== undefined) sessions.delete(oldest)
      }
      return token
    },
    use(token) {
      const id = idOf(token)
      return touch(id) ? id : null
    },
    touch,
    end: (id) => void sessions.delete(id)
  }
}

function idOf(token: string): SessionId {
  return createHash('sha256').update(token).digest('base64url') as SessionId
}
