/** Lines with columns: the first and those behind `numbers` are words, the others numbers. */
export function tableInWords(
  header: readonly string[],
  lines: readonly (readonly string[])[],
  numbers = header.length
): string {
  const all = [header, ...lines]
  const widths = header.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0)))
  return all
    .map((line) => {
      const cells = line.map((value, column) =>
        column === 0 || column > numbers
          ? value.padEnd(widths[column] ?? 0)
          : value.padStart(widths[column] ?? 0)
      )
      return `  ${cells.join('  ').trimEnd()}\n`
    })
    .join('')
}
