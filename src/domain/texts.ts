import type { CallScript } from './message.ts'

export declare function smsText(code: string, locale: string | null): string
export declare function callScript(code: string, locale: string | null): CallScript
