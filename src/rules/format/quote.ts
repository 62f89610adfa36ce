import { Document, Scalar, YAMLMap } from 'yaml'

/** How a text is written: plain where every tool reads it as this text, else in double quotes. */
export interface Quote {
  readonly inBlock: (text: string) => string
  /** Between brackets and braces, and as a key: here commas and brackets need quotes. */
  readonly inFlow: (text: string) => string
}

/** Characters that only an escape shows, and that some tools take for the end of a line. */
const HIDDEN = /[\p{Cc}\p{Cs}\u2028\u2029\ufeff]/gu

/**
 * YAML 1.1 has a type for dates. The library knows that too, but from a list that all who load it share, and
 * one of them (the test runner) takes dates out of it.
 */
const DATE =
  /^\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)?$/u

/** One document serves for all texts: to make one takes longer than to write it. */
export function createQuote(): Quote {
  const scalar = new Scalar('')
  const map = new YAMLMap()
  map.set('k', scalar)
  const document = new Document(map, { version: '1.2', compat: 'yaml-1.1' })

  function write(text: string, flow: boolean): string {
    if (DATE.test(text) || text.search(HIDDEN) !== -1) return JSON.stringify(text).replace(HIDDEN, escape)
    scalar.value = text
    map.flow = flow
    const written = document.toString({ lineWidth: 0, singleQuote: false, blockQuote: false })
    return flow ? written.slice('{ k: '.length, -' }\n'.length) : written.slice('k: '.length, -'\n'.length)
  }

  return { inBlock: (text) => write(text, false), inFlow: (text) => write(text, true) }
}

function escape(character: string): string {
  return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
