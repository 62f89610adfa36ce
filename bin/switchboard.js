#!/usr/bin/env node
// Plain JavaScript, so that any Node can read it: a Node too old to run TypeScript is told so in words.
import * as nodeModule from 'node:module'

const FLOOR = 24
const major = Number(process.versions.node.split('.')[0])

if (major < FLOOR) {
  const { optionalDependencies } = nodeModule.createRequire(import.meta.url)('../package.json')
  process.stderr.write(
    `Switchboard needs Node ${FLOOR} or newer and found ${process.versions.node}.\n` +
      `It brings its own for ${Object.keys(optionalDependencies).join(', ')}: run "npm ci" without --omit=optional,\n` +
      'then "npm start" (or "npx switchboard"). On another platform, install a newer Node.\n'
  )
  process.exit(1)
}

// By its name at run time: an old Node would fail on an import of it before it could say that it is old.
nodeModule.enableCompileCache?.()

const [, , command, ...rest] = process.argv
if (command === undefined || (command === 'start' && rest.length === 0)) {
  await import('../src/main.ts')
} else {
  // A command is there at once: it loads nothing of the gateway.
  await import('../src/cli.ts')
}
