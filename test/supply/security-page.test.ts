import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('docs/security.md', root), 'utf8')

const isThere = (path: string): boolean => existsSync(new URL(path, root))
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

/** A folder that is still being built, with all that the page says of it. */
const paths = [...page.matchAll(/`((?:src|test|docs|deploy|supply|config)\/[^`\s]+)`/gu)].map(
  ([, path = '']) => path
)

t.test('each file that the page on security names is there', async (t) => {
  t.ok(new Set(paths).size > 30)
  for (const path of new Set(paths)) t.ok(isThere(path), path)
})

t.test('each stop is in its file, under its name', async (t) => {
  const named = [...page.matchAll(/`(\w+)` in `([^`]+)`/gu)]
  t.ok(named.length > 8)
  for (const [, name = '', path = ''] of named) {
    t.match(read(path), new RegExp(`\\b${name}\\b`, 'u'), `${name} in ${path}`)
  }
})

t.test('each test that would fail is there, under its title', async (t) => {
  let titles = 0
  for (const [, path = '', list = ''] of page.matchAll(/`(test\/[^`]+)`, (\*[^*|]+\*(?:; \*[^*|]+\*)*)/gu)) {
    for (const [, title = ''] of list.matchAll(/\*([^*]+)\*/gu)) {
      titles += 1
      // A title in single quotes has its apostrophes escaped.
      t.ok(read(path).replaceAll("\\'", "'").includes(title), `${path}: ${title}`)
    }
  }
  t.ok(titles > 40, `${titles} titles`)
})
