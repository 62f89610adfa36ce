import { createHash } from 'node:crypto'
import { Script } from 'node:vm'
import fc from 'fast-check'
import t from 'tap'
import { renderRoutesPage } from '../../src/commands/routes-page.ts'
import type { RouteRow, RoutesPage } from '../../src/commands/routes-page-sheet.ts'
import { COUNTRIES } from '../../src/rules/countries.ts'

const names = new Intl.DisplayNames('en', { type: 'region' })

const chain = (providers: string, share = 1) => ({
  share,
  steps: providers.split(' ').map((provider) => ({ provider, sender: 'acme', timeoutMs: 900 }))
})

const row = (over: Partial<RouteRow> = {}): RouteRow => ({
  country: 'SE',
  countryName: 'Sweden',
  continent: 'Europe',
  channel: 'sms',
  condition: '',
  rule: 'otherwise',
  why: null,
  owner: null,
  blocked: null,
  chains: [chain('twilio vonage messagebird')],
  skipped: [],
  ...over
})

const pageOf = (rows: readonly RouteRow[], over: Partial<RoutesPage> = {}): RoutesPage => ({
  file: 'config/routing.yaml',
  hash: '0123456789ab',
  madeAt: '2026-04-02T09:30:00.000Z',
  rows,
  ...over
})

const render = (...rows: readonly RouteRow[]) => renderRoutesPage(pageOf(rows))

const PREMIUM = { condition: 'number type premium_rate', rule: 'no-premium', blocked: 'premium', chains: [] }
const NORDICS = {
  rule: 'nordics',
  chains: [chain('messagebird twilio', 0.8), chain('twilio messagebird', 0.2)]
}
const LANDLINES = { condition: 'prefix +441, +442', rule: 'landlines', chains: [chain('vonage twilio')] }

const GB = { country: 'GB', countryName: 'United Kingdom' }
const US = { country: 'US', countryName: 'United States', continent: 'North America' }
const NOWHERE = { country: null, countryName: 'no country', continent: 'No country' }

/** Each country, with what is special to some, as the command makes them. */
function wholeWorld(): readonly RouteRow[] {
  const places = COUNTRIES.map((country, index) => ({
    country,
    countryName: names.of(country) ?? country,
    continent: ['Africa', 'Asia', 'Europe', 'North America', 'Oceania', 'South America'][index % 6] ?? ''
  }))
  return [...places, NOWHERE].flatMap((place) =>
    (['sms', 'voice'] as const).flatMap((channel) =>
      routesTo(`${place.country} ${channel}`).map((route) => row({ ...place, channel, ...route }))
    )
  )
}

function routesTo(place: string): readonly Partial<RouteRow>[] {
  if (place === 'GB voice') return [PREMIUM, LANDLINES, {}]
  return place === 'SE sms' ? [PREMIUM, NORDICS] : [PREMIUM, {}]
}

const between = (text: string, start: string, end: string) => text.split(start)[1]?.split(end)[0] ?? ''
const styleOf = (html: string) => between(html, '<style>', '</style>')
const scriptOf = (html: string) => between(html, '<script>', '</script>')
const tags = (html: string) =>
  html
    .replace(styleOf(html), '')
    .replace(scriptOf(html), '')
    .match(/<[^>]*>/gu) ?? []
const tagNames = (html: string) => tags(html).map((tag) => /^<[!/]?[a-z0-9]+/u.exec(tag)?.[0])
const words = (html: string) =>
  html
    .replace(/<[^>]*>/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim()
const lineOf = (html: string, code: string) => between(html, `<tr data-code="${code}">`, '</tr>')
const ruleOf = (html: string, rule: string) => {
  const group = html.split('<tbody id="rule-').find((part) => part.includes(`<bdi>${rule}</bdi>`))
  return words(group?.split('</tbody>')[0] ?? '').replace(/^\d+"> /u, '')
}

t.test('every row stands in the line of its country, what always holds first', async (t) => {
  const rows = wholeWorld()
  const html = renderRoutesPage(pageOf(rows))
  const lines = [...html.matchAll(/<tr data-code="([A-Z]*)">.*?<\/tr>/gsu)]

  t.equal(lines.length, COUNTRIES.length + 1)
  t.equal(lines.flatMap(([line]) => line.match(/class="entry"/gu) ?? []).length, rows.length)
  for (const [line, code] of lines) {
    const own = rows.filter(({ country }) => (country ?? '') === code)
    const missing = own.filter(({ rule, condition }) => !line.includes(rule) || !line.includes(condition))
    t.same(missing, [], `of ${code}`)
  }
  const chips = 'twilio acme, 900 ms vonage acme, 900 ms messagebird acme, 900 ms'
  t.equal(
    words(lineOf(html, 'GB')),
    `United Kingdom GB ${chips} otherwise if number type premium_rate blocked: premium no-premium ` +
      `${chips} otherwise if number type premium_rate blocked: premium no-premium ` +
      `if prefix +441, +442 vonage acme, 900 ms twilio acme, 900 ms landlines`
  )
  t.match(words(html), 'made 2026-04-02 09:30 UTC')
  t.match(words(html), 'config/routing.yaml 0123456789ab')
  t.ok(Buffer.byteLength(html) < 600_000, 'and all of it can be attached to a review')
})

t.test('a split shows its shares, a row that nobody carries says so and why', async (t) => {
  const html = render(
    row(NORDICS),
    row({ ...GB, chains: [], skipped: [{ provider: 'vonage', reason: 'no_sender' }] }),
    row({ ...US, chains: [{ share: 1, steps: [] }] })
  )
  t.match(words(lineOf(html, 'SE')), /80% messagebird .* 20% twilio .* nordics$/u)
  t.match(words(lineOf(html, 'GB')), /no provider left skipped: vonage \(no_sender\) otherwise$/u)
  t.match(words(lineOf(html, 'US')), 'no provider left')
  t.match(
    words(between(html, '<table class="legend">', '</table>')),
    /messagebird 1 0 twilio 1 0 vonage 0 0/u
  )
})

t.test('what differs is told from the most common chain, whoever sends it', async (t) => {
  const html = render(
    row(),
    row({ ...US, chains: [{ share: 1, steps: chain('twilio vonage messagebird').steps.map(withNumber) }] }),
    row({ ...GB, chains: [chain('vonage twilio')] }),
    row({ ...GB, ...LANDLINES }),
    ...[{}, GB, US].map((place) => row({ ...place, ...PREMIUM }))
  )
  const differing = (code: string) => lineOf(html, code).match(/data-differs/gu)?.length ?? 0
  t.equal(differing('SE'), 0)
  t.equal(differing('US'), 0)
  t.equal(differing('GB'), 2, 'a condition that few countries know is no measure of itself')
})

const withNumber = (step: RouteRow['chains'][number]['steps'][number]) => ({ ...step, sender: 'number' })

t.test('what each country has under a condition is said once, unless another comes before it', async (t) => {
  const html = render(
    ...[row(), row(US), row(NOWHERE)].flatMap((always) => [{ ...always, ...PREMIUM }, always]),
    ...[{ ...LANDLINES }, { ...PREMIUM }, {}].map((over) => row({ ...GB, ...over }))
  )
  t.match(
    words(between(html, 'class="everywhere">', '</tr>')),
    'if number type premium_rate blocked: premium'
  )
  const folds = (code: string) => lineOf(html, code).includes('data-folds')
  t.same([folds('SE'), folds('US'), folds('GB'), folds('')], [true, true, false, false])
  t.notMatch(render(row(PREMIUM), row(US)), 'class="everywhere">', 'one without it is enough')
})

t.test('by rule: its reason, its owner, and the countries that it carries', async (t) => {
  const asia = ['IN', 'JP', 'KR', 'MY'].map((country) =>
    row({ country, countryName: names.of(country) ?? '', continent: 'Asia' })
  )
  const html = render(
    row({ ...NORDICS, why: 'It converts best.', owner: 'messaging' }),
    row({ country: 'AX', countryName: 'Åland', ...NORDICS, why: 'It converts best.', owner: 'messaging' }),
    ...['DE', 'FR', 'IT', 'PL', 'RO', 'ES'].map((country) =>
      row({ country, countryName: names.of(country) ?? '' })
    ),
    ...asia,
    row(US),
    row(NOWHERE),
    row({ ...US, channel: 'voice', ...PREMIUM })
  )
  t.match(ruleOf(html, 'nordics'), /^nordics owner: messaging It converts best\. Texts \(sms\) 80% /u)
  t.match(ruleOf(html, 'nordics'), /Europe 2: Åland, Sweden$/u)
  t.match(
    ruleOf(html, 'otherwise'),
    /Asia all 4 Europe 6: all but Åland, Sweden North America all 1 no country$/u
  )
  t.match(
    ruleOf(html, 'no-premium'),
    /^no-premium no owner Calls \(voice\) if number type premium_rate blocked: premium /u
  )
  t.ok(
    html.indexOf('<bdi>otherwise</bdi>') > html.indexOf('<bdi>nordics</bdi>'),
    'the last resort comes last'
  )
})

t.test('texts of a rules file stay texts, whatever they say', async (t) => {
  const hostile = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '</style></script></title><svg onload=alert(1)>',
    '<!-- ]]> &lt;b&gt; &amp;',
    '${alert(1)} $& `'
  ]
  const everywhere = (text: string) =>
    renderRoutesPage({
      file: text,
      hash: text,
      madeAt: text,
      rows: [
        row({
          country: text,
          countryName: text,
          continent: text,
          condition: text,
          rule: text,
          why: text,
          owner: text,
          chains: [{ share: 1, steps: [{ provider: text, sender: text, timeoutMs: 900 }] }],
          skipped: [{ provider: text, reason: text }]
        }),
        row({ country: text, channel: 'voice', rule: text, blocked: text })
      ]
    })
  const plain = everywhere('plain')
  for (const text of hostile) {
    const html = everywhere(text)
    t.same(tagNames(html), tagNames(plain), text)
    t.equal(styleOf(html) + scriptOf(html), styleOf(plain) + scriptOf(plain))
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
      t.equal(tagNames(everywhere(`x${text}`)).join(''), tagNames(plain).join(''))
    }),
    { numRuns: 50 }
  )
})

t.test('only its own script and style may run, and nothing is asked of anybody', async (t) => {
  const html = renderRoutesPage(pageOf(wholeWorld()))
  const policy = between(html, 'http-equiv="Content-Security-Policy" content="', '"').replaceAll('&#39;', "'")
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  t.same(policy.split('; '), [
    "default-src 'none'",
    `style-src ${hash(styleOf(html))}`,
    `script-src ${hash(scriptOf(html))}`,
    "base-uri 'none'",
    "form-action 'none'"
  ])
  t.equal(html.match(/<script/gu)?.length, 1)
  t.equal(html.match(/<style/gu)?.length, 1)
  t.notMatch(html, /https?:|url\(|@import|[\s"]src=|[\s"]style=|[\s"]on[a-z]+=|innerHTML|fetch\(/u)
  const links = tags(html).flatMap((tag) => /href="([^"]*)"/u.exec(tag)?.[1] ?? [])
  t.same(
    links.filter((link) => !link.startsWith('#')),
    []
  )
})

t.test('the script is sound, and finds on the page what it looks for', async (t) => {
  const html = render(row(), row({ ...GB, ...LANDLINES }))
  const script = scriptOf(html)
  t.doesNotThrow(() => new Script(script))
  for (const [, id] of script.matchAll(/byId\('([a-z-]+)'\)/gu)) t.match(html, `id="${id}"`)
  const controls = /const \{ (.*) \} = form\.elements/u.exec(script)?.[1]?.split(', ') ?? []
  t.equal(controls.length, 9)
  for (const name of controls) t.match(html, new RegExp(`<(input|select)[^>]* name="${name}"`, 'u'))
  // A control's name or id would hide the form's own member of that name from the script.
  const taken = tags(html).flatMap(
    (tag) => /^<(?:input|select|button).* (?:name|id)="([^"]*)"/u.exec(tag)?.[1] ?? []
  )
  t.same(
    taken.filter((name) => ['reset', 'elements', 'parentElement'].includes(name)),
    []
  )
})

t.test('each rule that is linked is there, and so is each column that a cell belongs to', async (t) => {
  const html = renderRoutesPage(pageOf(wholeWorld()))
  const linked = new Set([...html.matchAll(/href="#(rule-\d+)"/gu)].map(([, id]) => id))
  t.equal(linked.size, 4)
  for (const id of linked) t.match(html, `<tbody id="${id}">`)
  t.equal(html.match(/<th scope="row">/gu)?.length, COUNTRIES.length + 1 + 1 + 5, 'lines, everywhere, legend')
  t.match(html, 'role="status" aria-live="polite"')
})

t.test('the same routes give the same page, and a provider keeps its colour', async (t) => {
  t.equal(renderRoutesPage(pageOf(wholeWorld())), renderRoutesPage(pageOf(wholeWorld())))
  const colour = (html: string) => /<li class="(colour-\d)">vonage/u.exec(html)?.[1]
  t.ok(colour(render(row())))
  t.equal(colour(render(row())), colour(render(row({ chains: [chain('vonage')] }))))
  t.doesNotThrow(() => render(), 'a page without rows is a page')
})

t.test('each colour can be read, by day and by night', async (t) => {
  const style = styleOf(render(row()))
  for (const scheme of style.match(/:root \{[^}]*\}/gu)?.slice(0, 2) ?? []) {
    const colours = new Map(
      [...scheme.matchAll(/--([a-z0-9-]+): (#[0-9a-f]{6})/gu)].map(([, k, v]) => [k, v])
    )
    const page = colours.get('page') ?? ''
    for (const name of [
      'ink',
      'muted',
      'link',
      'stop',
      ...[...colours.keys()].filter((key) => key?.startsWith('colour'))
    ]) {
      const ratio = contrast(colours.get(name) ?? '', page)
      t.ok(ratio >= 4.5, `${name} on ${page}: ${ratio}`)
    }
    t.ok(contrast(colours.get('muted') ?? '', colours.get('band') ?? '') >= 4.5)
    t.equal(colours.size, 7 + 9)
  }
})

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
