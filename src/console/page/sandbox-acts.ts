import { signal } from '@preact/signals'
import type { SendAsked, ShownRefusal, ShownSent } from '../shown.ts'
import { refusalOf } from './api.ts'
import { ask } from './store.ts'

/** What was wrong with the last of them. */
export const refusal = signal<ShownRefusal | null>(null)
export const busy = signal(false)
/** What Okta would have been told last. */
export const answer = signal<ShownSent | null>(null)

/** Sends as Okta does, one after the other. */
export async function send(asked: SendAsked, count = 1): Promise<void> {
  busy.value = true
  for (let sent = 0; sent < count; sent++) {
    const reply = await ask<ShownSent>('POST', 'sandbox/send', asked)
    refusal.value = refusalOf(reply)
    if (reply.kind !== 'ok') break
    answer.value = reply.value
  }
  busy.value = false
}

/** @param mode null: it is healthy again. */
export async function setFault(provider: string, mode: string | null): Promise<void> {
  const path = `sandbox/faults/${encodeURIComponent(provider)}`
  const reply = mode === null ? await ask('DELETE', path) : await ask('PUT', path, { mode })
  refusal.value = refusalOf(reply)
}
