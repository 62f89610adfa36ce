/** Well-formed XML, as far as TwiML and SSML go: no DTD, no CDATA, no namespaces resolved. */
export interface XmlDocument {
  readonly root: string
  readonly elements: readonly XmlElement[]
}

export interface XmlElement {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  /** The element that it stands in; null for the root. */
  readonly parent: string | null
  /** All text inside, entities decoded, tags as spaces, white space collapsed. */
  readonly text: string
}

const NAME = '[A-Za-z_][\\w.:-]*'
const ATTRIBUTE = `(${NAME})\\s*=\\s*(?:"([^"<]*)"|'([^'<]*)')`
const TOKEN = new RegExp(
  `<!--(?:(?!--)[^])*-->|<\\?(?:(?!\\?>)[^])*\\?>|</(${NAME})\\s*>|<(${NAME})((?:\\s+${ATTRIBUTE})*)\\s*(/?)>|([^<]+)`,
  'uy'
)
const ATTRIBUTES = new RegExp(ATTRIBUTE, 'gu')

const REFERENCE = /&(?:#x([\da-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/giu
const STRAY_AMPERSAND = /&(?!#x[\da-f]{1,6};|#\d{1,7};|(?:amp|lt|gt|quot|apos);)/iu
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** What XML 1.0 allows in a document, section 2.2. */
const CHARACTERS = /^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u

interface Open {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly parent: string | null
  readonly order: number
  text: string
}

/** Reads a document. Null where it is not well-formed. */
export function parseXml(source: string): XmlDocument | null {
  if (!CHARACTERS.test(source)) return null
  const stack: Open[] = []
  const closed: (XmlElement & { readonly order: number })[] = []
  let opened = 0

  function close(open: Open): void {
    const text = open.text.replace(/\s+/gu, ' ').trim()
    const outer = stack.at(-1)
    if (outer !== undefined) outer.text += ` ${open.text} `
    closed.push({
      name: open.name,
      attributes: open.attributes,
      parent: open.parent,
      order: open.order,
      text
    })
  }

  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length) {
    const token = TOKEN.exec(source)
    if (token === null) return null
    const [, end, start, attributesText = '', , , , selfClosing, text] = token
    if (text !== undefined) {
      const open = stack.at(-1)
      const decoded = decode(text)
      if (decoded === null || (open === undefined && decoded.trim() !== '')) return null
      if (open !== undefined) open.text += decoded
    } else if (end !== undefined) {
      const open = stack.pop()
      if (open?.name !== end) return null
      close(open)
    } else if (start !== undefined) {
      const attributes = readAttributes(attributesText)
      // A second root, or an attribute that cannot be read.
      if (attributes === null || (stack.length === 0 && opened > 0)) return null
      const open = { name: start, attributes, parent: stack.at(-1)?.name ?? null, order: opened, text: '' }
      opened += 1
      if (selfClosing === '/') close(open)
      else stack.push(open)
    }
  }

  const elements = closed.toSorted((a, b) => a.order - b.order)
  const [root] = elements
  return root === undefined || stack.length > 0 ? null : { root: root.name, elements }
}

function readAttributes(text: string): ReadonlyMap<string, string> | null {
  const attributes = new Map<string, string>()
  for (const [, name = '', double, single = ''] of text.matchAll(ATTRIBUTES)) {
    const value = decode(double ?? single)
    if (value === null || attributes.has(name)) return null
    attributes.set(name, value)
  }
  return attributes
}

function decode(text: string): string | null {
  if (STRAY_AMPERSAND.test(text)) return null
  return text.replace(REFERENCE, (_, hex?: string, decimal?: string, name = '') => {
    if (hex === undefined && decimal === undefined) return ENTITIES[name.toLowerCase()] ?? ''
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return point <= 0x10_ffff ? String.fromCodePoint(point) : ''
  })
}
