/** Vonage writes numbers in digits, without "+". */
export function vonageNumber(number: string): string {
  return number.replace(/^\+/u, '')
}
