/** The value below which a share of the sample lies, by nearest rank. `share` is in [0, 1]; NaN for no sample. */
export function quantile(sample: readonly number[], share: number): number {
  const sorted = sample.toSorted((a, b) => a - b)
  const rank = Math.max(1, Math.ceil(share * sorted.length))
  return sorted[rank - 1] ?? Number.NaN
}

export function median(sample: readonly number[]): number {
  return (quantile(sample, 0.5) + quantile(sample.map((value) => -value), 0.5) * -1) / 2
}
