import { readFile, writeFile } from 'node:fs/promises'
import { renewedPage } from './events-page.ts'
import { eventsSchemaText } from './events-schema.ts'

// `node src/telemetry/write-events.ts` renews what is made of the vocabulary: the reference, and the schema of a line.

await writeFile(new URL('../../docs/log-events.schema.json', import.meta.url), eventsSchemaText())

const page = new URL('../../docs/log-events.md', import.meta.url)
await writeFile(page, renewedPage(await readFile(page, 'utf8')))
