import { Option } from 'commander'
import { CHANNELS, type Channel } from '../domain/message.ts'
import type { Country } from '../domain/phone.ts'
import { compileRouter } from '../domain/router.ts'
import type { RuleSet } from '../domain/rules.ts'
import { continentOf } from '../rules/builtin-groups.ts'
import { routesOf, type RouteRow } from '../rules/routes.ts'
import { routeInWords, TRUNCATED } from '../words/chain-words.ts'
import { examples, STATUS, type AddCommand, type Io } from './command.ts'
import { placesInWords } from '../words/place-words.ts'
import { renderRoutesPage } from './routes-page.ts'
import { soundRules, usualFile } from './rules-file.ts'

interface Options {
  readonly channel?: Channel
  readonly csv?: true
  readonly html?: string
  readonly json?: true
}

export const addRoutes: AddCommand = (program, io, end) => {
  program
    .command('routes')
    .description('show the matrix: country by channel, and who is asked in which order')
    .argument('[file]', 'a rules file, or a revision of one (default: ROUTING_FILE, or config/routing.yaml)')
    .addOption(new Option('--channel <channel>', 'this one only').choices(CHANNELS))
    .addOption(
      new Option('--csv', 'a line for each country, channel and condition').conflicts(['html', 'json'])
    )
    .addOption(
      new Option(
        '--html <out>',
        'write one page to look at, to filter, and to attach to a review; "-" prints it'
      ).conflicts('json')
    )
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      examples(
        'routes',
        'routes --csv > routes.csv',
        'routes --html routes.html',
        'routes new.yaml --channel voice'
      )
    )
    .action(async (given: string | undefined, options: Options) => {
      const file = given ?? usualFile(io)
      const rules = await soundRules(io, file)
      if (rules === null) return end(STATUS.findings)
      const channels = options.channel === undefined ? CHANNELS : [options.channel]
      const router = compileRouter(rules, { shadows: false })
      const { rows, truncated } = routesOf(router, io.now(), { channels })
      if (truncated) io.complain(TRUNCATED)
      if (options.json === true) {
        return io.print(`${JSON.stringify({ file, hash: rules.hash, rows, truncated }, null, 2)}\n`)
      }
      if (options.csv === true) return io.print(csvOf(rows))
      if (options.html === undefined) return printTable(io, rows)
      const page = pageOf(rules, { file, rows, nowMs: io.now() })
      if (options.html === '-') return io.print(page)
      // A name forgotten in between must not cost the rules.
      const there = io.readFile(options.html)
      if (there !== null && there !== '' && !/^<!doctype html>/iu.test(there)) {
        io.complain(`${options.html} is there already, and is no page: it is left as it is.\n`)
        return end(STATUS.findings)
      }
      try {
        await io.writeFile(options.html, page)
      } catch {
        io.complain(`${options.html} cannot be written.\n`)
        return end(STATUS.findings)
      }
      io.print(`${options.html} shows the routes of ${file} (${rules.hash}).\n`)
    })
}

/** RFC 4180. No value of ours begins as a formula of a spreadsheet does. */
function csvOf(rows: readonly RouteRow[]): string {
  const header = ['country', 'name', 'continent', 'channel', 'condition', 'rule', 'route', 'senders']
  const lines = rows.map((row) => {
    const { country, channel, conditions, rule, chains } = row
    const senders = new Map(
      chains.flatMap(({ steps }) => steps.map((step) => [step.provider, step.sender] as const))
    )
    return [
      country ?? `network ${row.callingCode}`,
      nameOf(row),
      continentInWords(country),
      channel,
      conditions.join('; or '),
      rule,
      routeInWords(row),
      [...senders].map(([provider, sender]) => `${provider}: ${sender}`).join('; ')
    ]
  })
  return [header, ...lines].map((line) => `${line.map(cell).join(',')}\r\n`).join('')
}

function cell(value: string): string {
  return /[",\r\n]/u.test(value) ? `"${value.replaceAll('"', '""')}"` : value
}

const NAMES = new Intl.DisplayNames('en', { type: 'region' })

function nameOf({ country, callingCode }: Pick<RouteRow, 'country' | 'callingCode'>): string {
  return country === null ? `numbers of +${callingCode}` : (NAMES.of(country) ?? country)
}

function continentInWords(country: Country | null): string {
  if (country === null) return 'No country'
  return continentOf(country)
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ')
}

/** Countries that go the same way share a line. */
function printTable(io: Io, rows: readonly RouteRow[]): void {
  for (const channel of CHANNELS) {
    const groups = new Map<
      string,
      { readonly row: RouteRow; readonly countries: Country[]; readonly networks: string[] }
    >()
    for (const row of rows.filter((one) => one.channel === channel)) {
      const key = JSON.stringify([row.conditions, row.rule, routeInWords(row)])
      const group = groups.get(key) ?? { row, countries: [], networks: [] }
      if (row.country === null) group.networks.push(row.callingCode)
      else group.countries.push(row.country)
      groups.set(key, group)
    }
    if (groups.size === 0) continue
    io.print(`${channel}\n`)
    const width = Math.max(...[...groups.values()].map(({ row }) => row.rule.length))
    for (const group of groups.values()) {
      const { rule, conditions } = group.row
      const condition = conditions.length === 0 ? '' : `  [${conditions.join('; or ')}]`
      io.print(`  ${rule.padEnd(width)}  ${routeInWords(group.row)}${condition}\n`)
      for (const line of wrap(placesInWords(group), io.width - width - 4)) {
        io.print(`  ${' '.repeat(width)}  ${line}\n`)
      }
    }
    io.print('\n')
  }
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length + 1 > Math.max(width, 40)) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

function pageOf(
  { hash, rules }: RuleSet,
  { file, rows, nowMs }: { readonly file: string; readonly rows: readonly RouteRow[]; readonly nowMs: number }
): string {
  return renderRoutesPage({
    file,
    hash,
    madeAt: new Date(nowMs).toISOString(),
    rows: [...rows.filter(({ country }) => country !== null), ...together(rows)].map((row) => {
      const { country, channel, conditions, rule: name, blocked, chains, skipped } = row
      const rule = rules.find((one) => one.name === name)
      return {
        country,
        countryName: country === null ? 'no country' : nameOf(row),
        continent: continentInWords(country),
        channel,
        condition: conditions.join('; or '),
        rule: name,
        why: rule?.why ?? null,
        owner: rule?.owner ?? null,
        blocked,
        chains: chains.map(({ share, steps }) => ({
          share,
          steps: steps.map(({ provider, sender, timeoutMs }) => ({ provider, sender, timeoutMs }))
        })),
        skipped: skipped.map(({ provider, reason }) => ({ provider, reason }))
      }
    })
  })
}

/** The page has one line for numbers of no country: networks that go the same way are told by their codes. */
function together(rows: readonly RouteRow[]): readonly RouteRow[] {
  const groups = new Map<string, { readonly row: RouteRow; readonly networks: string[] }>()
  for (const row of rows.filter(({ country }) => country === null)) {
    const { callingCode, ...rest } = row
    const key = JSON.stringify(rest)
    const group = groups.get(key) ?? { row, networks: [] }
    group.networks.push(callingCode)
    groups.set(key, group)
  }
  const usual = new Map(CHANNELS.map((channel) => [channel, usualOf([...groups.values()], channel)] as const))
  return [...groups.values()].map(({ row, networks }) => {
    if (usual.get(row.channel) === row) return row
    const named = `numbers in ${networks.map((code) => `+${code}`).join(', ')}`
    const conditions = row.conditions.length === 0 ? [named] : row.conditions.map((one) => `${named}, ${one}`)
    return { ...row, conditions }
  })
}

/** What most networks do where nothing else is asked. */
function usualOf(
  groups: readonly { readonly row: RouteRow; readonly networks: readonly string[] }[],
  channel: Channel
): RouteRow | undefined {
  const here = groups.filter(({ row }) => row.channel === channel && row.conditions.length === 0)
  return here.toSorted((a, b) => b.networks.length - a.networks.length)[0]?.row
}
