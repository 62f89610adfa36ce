import { isIPv4, isIPv6, SocketAddress } from 'node:net'

/**
 * The one way in which we write a network address: as the operating system does, an IPv4 address never inside an IPv6
 * one. Brackets, a zone and a port, which some proxies put there, are dropped. Null for what is no address.
 */
export function readAddress(text: string | undefined): string | null {
  const bare = withoutPort((text ?? '').trim())
  if (isIPv4(bare)) return bare
  if (!isIPv6(bare)) return null
  const [withoutZone = ''] = bare.split('%')
  const { address } = new SocketAddress({ address: withoutZone, family: 'ipv6' })
  const mapped = /^::ffff:([\d.]+)$/u.exec(address)?.[1]
  return mapped ?? address
}

function withoutPort(text: string): string {
  if (text.startsWith('[')) return text.slice(1, Math.max(1, text.indexOf(']')))
  const colon = text.indexOf(':')
  return colon !== -1 && colon === text.lastIndexOf(':') ? text.slice(0, colon) : text
}

/** Does a host to listen on stay on this machine? */
export function isLoopback(host: string | undefined): boolean {
  const address = readAddress(host)
  return host === 'localhost' || address === '::1' || address?.startsWith('127.') === true
}

/** Whom a limit counts as one: an IPv4 address, or the 64 bits of IPv6 that one household or one server has. */
export function sourceOf(address: string): string {
  return isIPv6(address) ? `${groupsOf(address).slice(0, 4).join(':')}::/64` : address
}

/** The eight groups of an IPv6 address as the operating system writes it. */
function groupsOf(address: string): readonly string[] {
  const [front = '', back = ''] = address.split('::')
  const before = front === '' ? [] : front.split(':')
  const after = back === '' ? [] : back.split(':')
  // Its last 32 bits may be written as IPv4.
  const written = before.length + after.length + (address.includes('.') ? 1 : 0)
  return [...before, ...Array.from({ length: 8 - written }, () => '0'), ...after]
}
