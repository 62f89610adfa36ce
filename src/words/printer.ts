/** Where words go. */
export interface Printer {
  readonly print: (text: string) => void
  /** For what people should know of what is printed. */
  readonly complain: (text: string) => void
  /** Whether it shows the colours of a terminal. */
  readonly colour: boolean
}

/** Gathers what is printed, and what is complained of where it stands, without colours. */
export function gathering(): Printer & { readonly text: () => string } {
  let gathered = ''
  const add = (text: string): void => {
    gathered += text
  }
  return { print: add, complain: add, colour: false, text: () => gathered }
}
