import type { Channel } from '../domain/message.ts'
import type { RouteChange, RulesDiff, SettingChange } from '../rules/diff.ts'
import { detailsInWords, routeInWords, TRUNCATED } from './chain-words.ts'
import { paint } from './paint.ts'
import { placesInWords } from './place-words.ts'
import type { Printer } from './printer.ts'

const CHANNEL_IN_WORDS: { readonly [C in Channel]: string } = { sms: 'Texts', voice: 'Calls' }

/** What another file changes, place by place. */
export function printDiff(
  io: Printer,
  { routes, settings, truncated }: RulesDiff,
  {
    before,
    after,
    isSameText
  }: { readonly before: string; readonly after: string; readonly isSameText: boolean }
): void {
  const { bold } = paint(io.colour)
  io.print(`${before} -> ${after}\n`)
  if (truncated) io.complain(TRUNCATED)
  else if (routes.length === 0 && settings.length === 0) {
    io.print('Every country and channel goes the same way, and every setting is the same.\n')
    if (!isSameText) io.print('The files differ in their words only: comments, layout, names, reasons.\n')
  }
  for (const channel of ['sms', 'voice'] as const) {
    const changes = routes.filter((change) => change.channel === channel)
    if (changes.length > 0) io.print(`\n${bold(CHANNEL_IN_WORDS[channel])}\n`)
    for (const [words, places] of alike(changes)) io.print(`  ${placesInWords(places)}${words}`)
  }
  if (settings.length > 0) io.print(`\n${bold('Settings')}\n`)
  for (const setting of settings) io.print(`  ${settingInWords(setting)}\n`)
}

/** Changes that read the same, whatever else is behind them, with all of their places. */
function alike(
  changes: readonly RouteChange[]
): ReadonlyMap<string, Pick<RouteChange, 'countries' | 'networks'>> {
  const places = new Map<string, Pick<RouteChange, 'countries' | 'networks'>>()
  for (const change of changes) {
    const words = changeInWords(change)
    const { countries, networks } = places.get(words) ?? { countries: [], networks: [] }
    places.set(words, {
      countries: [...countries, ...change.countries].toSorted(),
      networks: [...networks, ...change.networks]
    })
  }
  return places
}

function changeInWords({ conditions, before, after, fromMs }: RouteChange): string {
  const which = conditions.length === 0 ? '' : ` (${conditions.join('; or ')})`
  const [was, is] = [routeInWords(before), routeInWords(after)]
  const details = detailsInWords(before.chains, after.chains)
  const rules =
    before.rule === after.rule ? `rule ${after.rule}` : `rule ${after.rule}, before ${before.rule}`
  const way = was === is ? `the same order: ${is}` : `${is}\n    instead of ${was}`
  const more = was === is && details !== '' ? `\n    ${details}` : ''
  const since = fromMs === null ? '' : `, from ${new Date(fromMs).toISOString().replace('.000Z', 'Z')}`
  return `${which}${since}\n    ${way}${more}\n    (${rules})\n`
}

function settingInWords({ setting, before, after }: SettingChange): string {
  if (before === null) return `${setting}: ${after}, before not there`
  if (after === null) return `${setting}: no longer there, before ${before}`
  return `${setting}: ${after} instead of ${before}`
}
