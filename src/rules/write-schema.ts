import { readFile, writeFile } from 'node:fs/promises'
import { keyTable } from './key-table.ts'
import { editorSchema } from './schema.ts'

// `node src/rules/write-schema.ts` renews what is made of the schema: the one that editors read, and the table of keys.

await writeFile(new URL('../../config/routing.schema.json', import.meta.url), editorSchema())

const page = new URL('../../docs/routing.md', import.meta.url)
const text = await readFile(page, 'utf8')
const renewed = text.replace(
  /(<!-- keys: made by src\/rules\/write-schema\.ts -->\n)[^]*?(\n<!-- end of keys -->)/u,
  (_all, start: string, end: string) => `${start}${keyTable()}${end}`
)
await writeFile(page, renewed)
