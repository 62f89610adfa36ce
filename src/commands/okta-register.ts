import { CommandFault, STATUS, type Io, type Status } from './command.ts'
import { askFirst } from './confirm.ts'
import type { Hook, OktaApi } from './okta-api.ts'
import { bodyOf, changeInWords, type DesiredHook } from './okta-hook.ts'

export interface RegisterOptions {
  readonly desired: DesiredHook
  /** May another hook be taken out of use? */
  readonly replace: boolean
  readonly yes: boolean
  readonly json: boolean
  readonly org: string
}

/** Creates the hook, or brings the one of this name up to date. An org has one active hook of this type. */
export async function register(
  io: Pick<Io, 'print' | 'complain' | 'questions'>,
  api: OktaApi,
  { desired, replace, yes, json, org }: RegisterOptions
): Promise<Status> {
  const hooks = await api.list()
  const ours = hooks.find(({ name }) => name === desired.name) ?? null
  const active = hooks.find(({ status }) => status === 'ACTIVE') ?? null
  const other = active !== null && active !== ours ? active : null
  const isMoved =
    ours !== null && ours === active && ours.channel.config.uri !== desired.channel.config['uri']

  const say = json ? io.complain : io.print
  say(`${org}: ${ours === null ? 'a new telephony hook' : `the telephony hook ${ours.id}`}\n`)
  say(changeInWords(ours, desired))
  if (other !== null) {
    say(`- ${'other'.padEnd(8)} ${other.name} (${other.id}, ${other.channel.config.uri}) is deactivated\n`)
  }
  if ((other !== null || isMoved) && !replace) {
    io.complain(
      other === null
        ? `The active hook leads elsewhere, and codes go there: --replace moves it.\n`
        : `An org has one active telephony hook, and codes go through "${other.name}" now: --replace takes it out of use.\n`
    )
    return STATUS.findings
  }
  const ended = await askFirst(io, { question: `Change it in ${org}?`, yes })
  if (ended !== null) return ended

  const hook = await putInPlace(io, api, { desired, ours, other })
  if (json) io.print(`${JSON.stringify(hook, null, 2)}\n`)
  else {
    io.print(
      `Done: ${hook.name} (${hook.id}) is active. Try it: switchboard okta preview --to NUMBER, then switchboard okta status\n`
    )
  }
  return STATUS.fine
}

interface Moves {
  readonly desired: DesiredHook
  readonly ours: Hook | null
  readonly other: Hook | null
}

/** While no hook is active Okta sends by itself, or nobody does: the one that was comes back where ours does not start. */
async function putInPlace(
  io: Pick<Io, 'complain'>,
  api: OktaApi,
  { desired, ours, other }: Moves
): Promise<Hook> {
  const body = bodyOf(desired, ours)
  const changed = ours === null ? null : await api.replace(ours.id, body)
  if (other !== null) await api.deactivate(other.id)
  try {
    if (changed === null) return await api.create(body)
    return changed.status === 'ACTIVE' ? changed : await api.activate(changed.id)
  } catch (error) {
    if (other === null) throw error
    await bringBack(io, api, other)
    throw error
  }
}

async function bringBack(io: Pick<Io, 'complain'>, api: OktaApi, { id, name }: Hook): Promise<void> {
  try {
    await api.activate(id)
    io.complain(`"${name}" is active again: nothing has changed for users.\n`)
  } catch {
    io.complain(
      `"${name}" (${id}) could not be activated again: NO HOOK IS ACTIVE. Do it by hand: Workflow > Inline Hooks > ${name} > Actions > Activate.\n`
    )
  }
}

/** Takes a hook out of use. What then happens to codes is said first. */
export async function deactivate(
  io: Pick<Io, 'print' | 'complain' | 'questions'>,
  api: OktaApi,
  { name, yes, org }: { readonly name: string | undefined; readonly yes: boolean; readonly org: string }
): Promise<Status> {
  const active = (await api.list()).find(({ status }) => status === 'ACTIVE')
  if (active === undefined) {
    io.print(`${org} has no active telephony hook: there is nothing to do.\n`)
    return STATUS.fine
  }
  if (name !== undefined && active.name !== name) {
    throw new CommandFault(`The active hook is "${active.name}", and not "${name}": nothing was done.`)
  }
  io.print(
    `${org}: ${active.name} (${active.id}, ${active.channel.config.uri}) goes out of use.\nFrom then on Okta sends codes by its own providers, heavily limited, where the org still has them. An org without Okta's telephony\nsends no code at all: nobody signs in by text message or call.\n`
  )
  const ended = await askFirst(io, { question: `Deactivate it?`, yes })
  if (ended !== null) return ended
  await api.deactivate(active.id)
  io.print(`Done. To bring it back: switchboard okta register --name ${quoted(active.name)}\n`)
  return STATUS.fine
}

function quoted(name: string): string {
  return /^[\w.-]+$/u.test(name) ? name : `'${name.replaceAll("'", String.raw`'\''`)}'`
}
