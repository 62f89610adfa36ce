import { sdkDebugFault } from './providers/sdk-debug.ts'

/** A switch of the process, and what is wrong with it, for whoever starts it. */
export interface SwitchFault {
  readonly name: string
  readonly message: string
}

/** What each would do with what is in memory. https://nodejs.org/api/cli.html */
const FLAGS: Readonly<Record<string, string>> = {
  '--heapsnapshot-near-heap-limit': 'would write codes and credentials to disk when memory is short',
  '--heapsnapshot-signal': 'would write codes and credentials to disk',
  '--abort-on-uncaught-exception': 'would write the whole memory into a core file',
  '--tls-keylog': 'would write the keys of every connection to disk',
  '--trace-tls': 'would print what goes over every connection'
}

/**
 * Says which switches of Node and of the SDKs would put secrets where nobody masks them. A report of a crash is no
 * fault: the environment is taken out of it. docs/decisions/0027-secrets-in-memory.md
 *
 * @param flags as Node was started, without those of NODE_OPTIONS.
 */
export function switchFaults(
  env: Readonly<Record<string, string | undefined>>,
  flags: readonly string[]
): readonly SwitchFault[] {
  const faults: SwitchFault[] = []
  const debugFault = sdkDebugFault(env)
  if (debugFault !== null) faults.push(debugFault)
  const inOptions = (env['NODE_OPTIONS'] ?? '').split(/[\s"']+/u)
  for (const [where, given] of [
    ['NODE_OPTIONS', inOptions],
    ['node', flags]
  ] as const) {
    const flag = given.map(nameOf).find((name) => FLAGS[name] !== undefined)
    if (flag !== undefined) faults.push({ name: where, message: `must not have ${flag}: it ${FLAGS[flag]}` })
  }
  if (isSet(env['SSLKEYLOGFILE'])) {
    faults.push({
      name: 'SSLKEYLOGFILE',
      message: 'must not be set: it writes the keys of connections to disk'
    })
  }
  if (isSet(env['NODE_DEBUG_NATIVE'])) {
    faults.push({ name: 'NODE_DEBUG_NATIVE', message: 'must not be set: Node would print what it sends' })
  }
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    faults.push({
      name: 'NODE_TLS_REJECT_UNAUTHORIZED',
      message:
        'must not be 0: codes and credentials would go to whoever answers. NODE_EXTRA_CA_CERTS names a CA of yours'
    })
  }
  return faults
}

/** "--Inspect_Brk=9229" is "--inspect-brk" to Node. */
function nameOf(flag: string): string {
  const [name = ''] = flag.split('=')
  return name.replaceAll('_', '-')
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== ''
}
