import { writeFile } from 'node:fs/promises'
import { editorSchema } from './schema.ts'

/** `node src/rules/write-schema.ts` renews the schema that editors read. */
await writeFile(new URL('../../config/routing.schema.json', import.meta.url), editorSchema())
