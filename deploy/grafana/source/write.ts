import { writeFile } from 'node:fs/promises'
import { DASHBOARDS, textOf } from './dashboards.ts'

// `node deploy/grafana/source/write.ts` makes the files that Grafana reads.

for (const [name, dashboard] of Object.entries(DASHBOARDS)) {
  await writeFile(new URL(`../dashboards/${name}`, import.meta.url), textOf(dashboard))
}
