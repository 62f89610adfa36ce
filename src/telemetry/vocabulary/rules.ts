import { amount, fraction, longText, maybe, text } from './fields.ts'
import { event } from './definition.ts'
import { places, rulesRole, rulesTrigger } from './shared.ts'

/** The rules files: what came into force, and what did not. */
export const RULES_EVENTS = {
  'rules.loaded': event({
    section: 'rules',
    about: 'process',
    level: { whereSome: 'warnings', level: 'warn', otherwise: 'info' },
    description: 'A rules file came into force, as a whole, between two requests.',
    fields: {
      role: rulesRole(),
      file: longText('its path'),
      rules_hash: text("the first 12 digits of the file's SHA-256"),
      previous_hash: maybe(text('what it took the place of; null at the first load of this file')),
      rules_count: amount('rules', 'without `otherwise`, and without those in the shadow'),
      shadow_rules: amount('rules', 'with `shadow: true`: looked at, never applied'),
      canary_percent: maybe(
        fraction('%', 'of a candidate: the share of people it decides for; null: nobody')
      ),
      warnings: places('what is doubtful in it'),
      by: rulesTrigger()
    }
  }),
  'rules.rejected': event({
    section: 'rules',
    about: 'process',
    level: 'error',
    description: 'The file cannot be used. What was in force stays in force, and goes on carrying codes.',
    fields: {
      role: rulesRole(),
      file: longText('its path'),
      rules_hash: maybe(text('what stays in force; null where no candidate was')),
      errors: places('the first 20; none where the file cannot be read at all'),
      errors_count: amount('errors', 'all of them'),
      unreadable: maybe(longText('why the file cannot be read at all; null where it can')),
      by: rulesTrigger()
    }
  }),
  'rules.unchanged': event({
    section: 'rules',
    about: 'process',
    level: 'info',
    description:
      'Somebody asked for a reload, or a rejected file is good again: it is what is in force already.',
    fields: { role: rulesRole(), rules_hash: text('what is in force'), by: rulesTrigger() }
  }),
  'rules.candidate_removed': event({
    section: 'rules',
    about: 'process',
    level: 'warn',
    description: "The candidate's file is there no more, and nothing is tried beside the rules.",
    fields: {
      file: longText('its path'),
      rules_hash: maybe(text('what it was; null where it never could be used'))
    }
  }),
  'rules.canary_stopped': event({
    section: 'rules',
    about: 'process',
    level: 'error',
    description:
      'Clearly more people got no code by the candidate than by the rules in force. It decides nothing any more on this node, until its file changes. [How that is judged](routing.md#a-canary).',
    fields: {
      candidate_hash: text("the candidate's file"),
      rules_hash: text('the file in force'),
      candidate_requests: fraction('requests', 'decided by the candidate; what lies far back weighs half'),
      candidate_failures: fraction('requests', 'of these, those without a code'),
      live_requests: fraction('requests', 'the same of the rules in force, in that time'),
      live_failures: fraction('requests', 'of these, those without a code'),
      min_sample: amount('requests', 'so many of each were asked for before it was judged')
    }
  }),
  'rules.ending': event({
    section: 'rules',
    about: 'process',
    level: 'warn',
    description:
      'A temporary rule (`until`): seven days before its end, on each day after that, and when it has ended.',
    fields: {
      rule: text('its name'),
      owner: maybe(text('whom to ask; null where the file does not say', 100)),
      until: text('ISO 8601: the first moment at which it applies no more'),
      days_left: amount('days', '0: it has ended')
    }
  })
} as const
