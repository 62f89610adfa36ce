import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { readAddress } from './address.ts'

/** A set of network addresses. */
export interface Networks {
  /** @param text an address as it came, with a port or without; what is no address is in none. */
  readonly has: (text: string | undefined) => boolean
}

export type ReadNetworks =
  | { readonly kind: 'networks'; readonly networks: Networks }
  /** In words that follow the name of a variable; never holds a value. */
  | { readonly kind: 'fault'; readonly message: string }

/** Okta's whole list has some hundreds; each request is held against all of them. */
const MOST_NETWORKS = 2_000

/** Reads addresses and networks ("192.0.2.7", "198.51.100.0/24", "2001:db8::/32"), separated by white space or commas. */
export function readNetworks(text: string, { everybody }: { readonly everybody: boolean }): ReadNetworks {
  const entries = text.split(/[\s,]+/u).filter((entry) => entry !== '')
  if (entries.length > MOST_NETWORKS) return fault(`has more than ${MOST_NETWORKS} networks`)
  const list = new BlockList()
  for (const [index, entry] of entries.entries()) {
    const network = readNetwork(entry)
    const which = `entry ${index + 1}`
    if (network === null) {
      return fault(`must be networks such as 192.0.2.7, 198.51.100.0/24 or 2001:db8::/32: ${which} is none`)
    }
    if (network.prefix === 0 && !everybody) {
      return fault(`must not hold everybody: ${which} ends in /0, and whoever calls could say who they are`)
    }
    list.addSubnet(network.address, network.prefix, network.family)
  }
  return {
    kind: 'networks',
    networks: {
      has(text) {
        const address = readAddress(text)
        return address !== null && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
      }
    }
  }
}

function readNetwork(entry: string) {
  const [written = '', prefixText, ...more] = entry.split('/')
  const family = isIPv4(written) ? 'ipv4' : isIPv6(written) ? 'ipv6' : null
  if (family === null || more.length > 0 || written.includes('%')) return null
  const bits = family === 'ipv4' ? 32 : 128
  if (prefixText !== undefined && !/^\d{1,3}$/u.test(prefixText)) return null
  const prefix = prefixText === undefined ? bits : Number(prefixText)
  return prefix > bits ? null : ({ address: written, prefix, family } as const)
}

function fault(message: string): ReadNetworks {
  return { kind: 'fault', message }
}
