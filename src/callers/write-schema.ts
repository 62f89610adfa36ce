import { writeFile } from 'node:fs/promises'
import { orgsEditorSchema } from './orgs-schema.ts'

// `node src/callers/write-schema.ts` renews what editors read.

await writeFile(new URL('../../config/orgs.schema.json', import.meta.url), orgsEditorSchema())
