/** Signals in the order of their arrival, for one reader. */
export interface Mailbox<T> {
  readonly put: (signal: T) => void
  /** The oldest signal, or the next one to come. */
  readonly take: () => Promise<T>
  /** Is there one to be taken now? */
  readonly hasMail: () => boolean
}

export function createMailbox<T>(): Mailbox<T> {
  const signals: T[] = []
  let wake: ((signal: T) => void) | null = null

  return {
    put(signal) {
      if (wake === null) {
        signals.push(signal)
        return
      }
      const deliver = wake
      wake = null
      deliver(signal)
    },
    take() {
      const signal = signals.shift()
      return signal === undefined
        ? new Promise((resolve) => {
            wake = resolve
          })
        : Promise.resolve(signal)
    },
    hasMail: () => signals.length > 0
  }
}
