import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { SETTING_NAMES } from '../src/settings.ts'
import { EVENTS } from '../src/telemetry/events.ts'

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')

t.test('docs/log-events.md has every event and every field of it', async (t) => {
  const page = read('docs/log-events.md')
  for (const [event, { properties }] of Object.entries(EVENTS)) {
    const section = page.split(`### \`${event}\``)[1]?.split('\n### ')[0] ?? ''
    t.not(section, '', event)
    // A late result has the fields of an attempt, to which the page refers.
    const searched = event === 'otp.attempt.late_result' ? page : section
    for (const field of Object.keys(properties)) t.ok(searched.includes(`\`${field}\``), `${event} ${field}`)
  }
})

t.test('the README has every setting', async (t) => {
  const readme = read('README.md')
  for (const name of SETTING_NAMES) t.ok(readme.includes(`\`${name}\``), name)
})

t.test('every link between pages leads somewhere', async (t) => {
  const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md']
  const docs = readdirSync(new URL('../docs', import.meta.url), { recursive: true, encoding: 'utf8' })
  for (const page of [
    ...pages,
    ...docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)
  ]) {
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/gu)) {
      if (/^https?:/u.test(target)) continue
      const url = new URL(target, new URL(`../${page}`, import.meta.url))
      t.ok(existsSync(url), `${page}: ${target}`)
    }
  }
})
