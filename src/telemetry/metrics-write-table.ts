import { readFile, writeFile } from 'node:fs/promises'
import { metricsTable } from './metrics-table.ts'

// `node src/telemetry/metrics-write-table.ts` renews the table of metrics.

const page = new URL('../../docs/observability.md', import.meta.url)
const text = await readFile(page, 'utf8')
const renewed = text.replace(
  /(<!-- metrics: made by src\/telemetry\/metrics-write-table\.ts -->\n)[^]*?(\n<!-- end of metrics -->)/u,
  (_all, start: string, end: string) => `${start}${metricsTable()}${end}`
)
await writeFile(page, renewed)
