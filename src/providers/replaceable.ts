import type { Outcome } from '../domain/outcome.ts'
import type { Provider } from './provider.ts'

/** A provider whose account can be changed under it. */
export interface Replaceable extends Provider {
  /** Not another provider, nor one with other channels: rules and breakers know what there was. */
  readonly mayBecome: (next: Provider) => boolean
  /**
   * From now on `next` is asked. What is on its way ends with the one before, which is closed when nothing is.
   *
   * @throws where it may not become that one.
   */
  readonly replaceBy: (next: Provider) => void
}

interface Account {
  readonly provider: Provider
  underWay: number
  /** Nobody asks it any more. */
  isOver: boolean
}

export function createReplaceable(initial: Provider): Replaceable {
  let current: Account = { provider: initial, underWay: 0, isOver: false }
  const leaving = new Set<Account>()

  async function asking(account: Account, ask: () => Promise<Outcome>): Promise<Outcome> {
    account.underWay += 1
    try {
      return await ask()
    } finally {
      account.underWay -= 1
      if (account.isOver && account.underWay === 0) void end(account)
    }
  }

  async function end(account: Account): Promise<void> {
    leaving.delete(account)
    await account.provider.close()
  }

  function mayBecome({ name, channels }: Provider): boolean {
    return name === initial.name && hasSame(channels, initial.channels)
  }

  return {
    mayBecome,
    name: initial.name,
    channels: initial.channels,
    send(message, limits) {
      const account = current
      return asking(account, () => account.provider.send(message, limits))
    },
    warm: () => current.provider.warm(),
    async close() {
      await Promise.all([current, ...leaving].map(end))
    },
    replaceBy(next) {
      if (!mayBecome(next)) {
        throw new RangeError(`${initial.name} cannot become ${next.name} with other channels.`)
      }
      const before = current
      current = { provider: next, underWay: 0, isOver: false }
      before.isOver = true
      if (before.underWay === 0) void end(before)
      else leaving.add(before)
    }
  }
}

function hasSame<T>(one: ReadonlySet<T>, other: ReadonlySet<T>): boolean {
  return one.size === other.size && [...one].every((item) => other.has(item))
}
