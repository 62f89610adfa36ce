import { playCell, type Cell } from './cell.ts'

// One cell, as JSON in the first argument; its result, as JSON, on standard output.
const result = await playCell(JSON.parse(process.argv[2] ?? '') as Cell)
process.stdout.write(JSON.stringify(result))
