import { rulesInForce, withCandidate, withLive, type RulesInForce } from '../domain/in-force.ts'
import type { Canary, RuleSet } from '../domain/rules.ts'
import { endingsBetween, type Ending } from './endings.ts'
import type { Fault } from './faults.ts'
import { unreadable, type LoadedRules, type LoadRules } from './load.ts'
import { watchFiles } from './watch.ts'

/** `live` decides, `candidate` is tried beside it. */
export type Role = 'live' | 'candidate'

/** Who wanted the files to be read. */
export type Trigger = 'start' | 'watch' | 'signal' | 'admin'

export type RulesEvent =
  | {
      readonly kind: 'loaded'
      readonly role: Role
      readonly file: string
      readonly rules: RuleSet
      /** Null at the first load, or where there was no candidate. */
      readonly previousHash: string | null
      readonly warnings: readonly Fault[]
      readonly by: Trigger
    }
  /** The file cannot be used, and what was in force stays in force. */
  | (Rejection & { readonly kind: 'rejected'; readonly by: Trigger })
  /** Somebody asked for a reload, or a file is good again, and it is what is in force already. */
  | { readonly kind: 'unchanged'; readonly role: Role; readonly hash: string; readonly by: Trigger }
  /** The candidate's file is there no more. */
  | { readonly kind: 'candidate_gone'; readonly file: string; readonly hash: string | null }
  | { readonly kind: 'ending'; readonly ending: Ending }

export interface Rejection {
  readonly role: Role
  readonly file: string
  /** What stays in force; null where there is nothing. */
  readonly hash: string | null
  /** Errors, and warnings among them; none where the file could not be read at all. */
  readonly faults: readonly Fault[]
  /** One sentence where the file could not be read at all. */
  readonly unreadable: string | null
  /** The file as it was read, for a report; null where it could not be. */
  readonly text: string | null
  /** Ms since 1970. */
  readonly atMs: number
}

export interface RulesStatus {
  readonly file: string
  readonly hash: string
  readonly count: number
  /** Ms since 1970: when these rules came into force. */
  readonly loadedAtMs: number
  /** Of the file as it is now; null where it is in force. */
  readonly rejection: Rejection | null
  readonly candidate: {
    readonly file: string
    /** Null where there is no such file, or it could never be used. */
    readonly hash: string | null
    readonly canary: Canary | null
    readonly rejection: Rejection | null
  } | null
}

/** What a reload came to, by file. */
export interface Reload {
  readonly role: Role
  readonly result: 'loaded' | 'unchanged' | 'rejected' | 'absent'
  readonly rejection: Rejection | null
}

/** Keeps the rules: the last good ones stay in force, whatever becomes of the files. */
export interface RulesKeeper {
  readonly current: () => RulesInForce
  /** The live file that is in force, with its rules in the shadow, and as it was read. */
  readonly live: () => { readonly rules: RuleSet; readonly text: string }
  /** Reads the candidate, and begins to watch. */
  readonly start: () => Promise<void>
  /** Reads the files now. One at a time: who asks meanwhile is told of the reading that begins next. Never rejects. */
  readonly reload: (by: Trigger) => Promise<readonly Reload[]>
  readonly status: () => RulesStatus
  readonly close: () => void
}

export interface KeeperDependencies {
  readonly files: { readonly live: string; readonly candidate: string | null }
  /** What was read at the start. */
  readonly initial: Extract<LoadedRules, { kind: 'ok' }>
  readonly load: LoadRules
  /** How often the files are looked at, in ms; null: never. */
  readonly watchEveryMs: number | null
  /** Ms since 1970. */
  readonly epoch: () => number
  readonly onEvent: (event: RulesEvent) => void
}

interface Kept {
  readonly rules: RuleSet | null
  /** Of the live file alone. */
  readonly text: string
  readonly atMs: number
  readonly rejection: Rejection | null
}

/** How often the ends of temporary rules are looked for, in ms. */
const ENDINGS_EVERY_MS = 60_000

export function createRulesKeeper(deps: KeeperDependencies): RulesKeeper {
  const { files, initial, load, epoch, onEvent } = deps
  let kept: Readonly<Record<Role, Kept>> = {
    live: { rules: initial.rules, text: initial.text, atMs: epoch(), rejection: null },
    candidate: { rules: null, text: '', atMs: epoch(), rejection: null }
  }
  let inForce = rulesInForce(initial.rules, null)
  announce('live', initial, null, 'start')

  function announce(
    role: Role,
    { rules, warnings }: Extract<LoadedRules, { kind: 'ok' }>,
    previousHash: string | null,
    by: Trigger
  ): void {
    onEvent({ kind: 'loaded', role, file: fileOf(role), rules, previousHash, warnings, by })
  }

  function fileOf(role: Role): string {
    return role === 'live' ? files.live : (files.candidate ?? '')
  }

  function keep(role: Role, next: Partial<Kept>): void {
    const { rules } = next
    // At once, and as a whole: whoever asks gets the one or the other, and a bug in here changes nothing.
    if (role === 'candidate' && rules !== undefined) inForce = withCandidate(inForce, rules)
    if (role === 'live' && rules != null) inForce = withLive(inForce, rules)
    kept = { ...kept, [role]: { ...kept[role], ...next } }
  }

  async function read(role: Role, by: Trigger): Promise<Reload> {
    try {
      const loaded = await load(fileOf(role), { nowMs: epoch(), candidate: role === 'candidate' })
      return take(role, loaded, by)
    } catch (error) {
      // A bug. To whoever waits for the file it is one that cannot be used.
      const why = error instanceof Error ? error.name : 'unknown'
      return reject(role, unreadable(fileOf(role), `its check broke off (${why})`), by)
    }
  }

  function take(role: Role, loaded: LoadedRules, by: Trigger): Reload {
    const before = kept[role]
    const hash = before.rules?.hash ?? null

    if (role === 'candidate' && loaded.kind === 'unreadable' && loaded.isAbsent) {
      keep(role, hash === null ? { rejection: null } : { rules: null, rejection: null })
      // One that was never good is over as well: whoever waits for it to be mended is told.
      if (hash !== null || before.rejection !== null) {
        onEvent({ kind: 'candidate_gone', file: fileOf(role), hash })
      }
      return { role, result: 'absent', rejection: null }
    }
    if (loaded.kind !== 'ok') return reject(role, loaded, by)
    if (loaded.rules.hash === hash) {
      keep(role, { rejection: null })
      // A watcher that found nothing says nothing.
      if (by !== 'watch' || before.rejection !== null) onEvent({ kind: 'unchanged', role, hash, by })
      return { role, result: 'unchanged', rejection: null }
    }
    const text = role === 'live' ? loaded.text : ''
    keep(role, { rules: loaded.rules, text, atMs: epoch(), rejection: null })
    announce(role, loaded, hash, by)
    return { role, result: 'loaded', rejection: null }
  }

  function reject(role: Role, loaded: Exclude<LoadedRules, { kind: 'ok' }>, by: Trigger): Reload {
    const { rules, rejection: known } = kept[role]
    const rejection = rejectionOf(role, loaded, rules?.hash ?? null)
    const isKnown = known?.text === rejection.text && known.unreadable === rejection.unreadable
    // It was another file that changed.
    if (by === 'watch' && isKnown) return { role, result: 'rejected', rejection: known }
    keep(role, { rejection })
    onEvent({ kind: 'rejected', ...rejection, by })
    return { role, result: 'rejected', rejection }
  }

  function rejectionOf(
    role: Role,
    loaded: Exclude<LoadedRules, { kind: 'ok' }>,
    hash: string | null
  ): Rejection {
    const faulty = loaded.kind === 'faulty'
    return {
      role,
      file: fileOf(role),
      hash,
      faults: faulty ? loaded.faults : [],
      unreadable: faulty ? null : loaded.message,
      text: faulty ? loaded.text : null,
      atMs: epoch()
    }
  }

  async function readAll(by: Trigger): Promise<readonly Reload[]> {
    const roles: readonly Role[] = files.candidate === null ? ['live'] : ['live', 'candidate']
    const reloads: Reload[] = []
    for (const role of roles) reloads.push(await read(role, by))
    return reloads
  }

  let running: Promise<unknown> = Promise.resolve()
  let next: Promise<readonly Reload[]> | null = null
  let nextBy: Trigger = 'watch'
  function reload(by: Trigger): Promise<readonly Reload[]> {
    // Who asks is told, also where a watcher was there first.
    if (next === null || by !== 'watch') nextBy = by
    next ??= running.then(() => {
      next = null
      const begun = readAll(nextBy)
      // Whatever becomes of it, the next one begins.
      running = begun.catch(() => undefined)
      return begun
    })
    return next
  }

  let lookedAtMs = epoch()
  function sayEndings(): void {
    const fromMs = lookedAtMs
    lookedAtMs = epoch()
    for (const ending of endingsBetween(kept.live.rules?.rules ?? [], fromMs, lookedAtMs)) {
      onEvent({ kind: 'ending', ending })
    }
  }

  let unwatch: (() => void) | undefined
  let endings: NodeJS.Timeout | undefined

  return {
    current: () => inForce,
    live: () => ({ rules: kept.live.rules ?? initial.rules, text: kept.live.text }),
    async start() {
      const { watchEveryMs: everyMs } = deps
      if (files.candidate !== null) await (running = read('candidate', 'start'))
      const paths = files.candidate === null ? [files.live] : [files.live, files.candidate]
      // It begins with a reading: something may have been written since the first one.
      if (everyMs !== null) unwatch = watchFiles(paths, { everyMs, onChange: () => void reload('watch') })
      endings = setInterval(sayEndings, ENDINGS_EVERY_MS)
      endings.unref()
    },
    reload,
    status: () => ({
      file: files.live,
      hash: inForce.live.hash,
      count: inForce.live.ruleCount,
      loadedAtMs: kept.live.atMs,
      rejection: kept.live.rejection,
      candidate:
        files.candidate === null
          ? null
          : {
              file: files.candidate,
              hash: kept.candidate.rules?.hash ?? null,
              canary: kept.candidate.rules?.canary ?? null,
              rejection: kept.candidate.rejection
            }
    }),
    close() {
      unwatch?.()
      clearInterval(endings)
    }
  }
}
