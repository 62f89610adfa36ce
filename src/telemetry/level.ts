import type { GatewayEvent } from './events.ts'
import { TRAITS } from './events.ts'
import { LEVELS, type Level, type LevelRule } from './vocabulary/definition.ts'

/** How loud it is: by the event, and for some by what is in a field of it. */
export function levelOf(event: GatewayEvent): Level {
  const rule = TRAITS[event.event].level
  if (typeof rule === 'string') return rule
  const fields = event as Readonly<Record<string, unknown>>
  if ('by' in rule) return rule.levels[String(fields[rule.by])] ?? rule.otherwise
  return (fields[rule.whereSome] as readonly unknown[]).length > 0 ? rule.level : rule.otherwise
}

/** All that it may be, the quietest first. */
export function levelsOf(rule: LevelRule): readonly Level[] {
  if (typeof rule === 'string') return [rule]
  const loud = 'by' in rule ? Object.values(rule.levels) : [rule.level]
  return LEVELS.filter((level) => level === rule.otherwise || loud.includes(level))
}

/** "info; warn for `failed`, `undecided`". */
export function levelInWords(rule: LevelRule): string {
  if (typeof rule === 'string') return rule
  if ('whereSome' in rule) return `${rule.otherwise}; ${rule.level} where there are \`${rule.whereSome}\``
  const named = LEVELS.flatMap((level) => {
    const values = Object.keys(rule.levels).filter((value) => rule.levels[value] === level)
    return values.length === 0 ? [] : [`${level} for ${values.map((value) => `\`${value}\``).join(', ')}`]
  })
  return [rule.otherwise, ...named].join('; ')
}
