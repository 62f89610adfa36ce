import { createHash } from 'node:crypto'
import { markup, trusted } from './markup.ts'
import { bar, head } from './routes-page-head.ts'
import { SCRIPT } from './routes-page-script.ts'
import { sheetOf, type RoutesPage } from './routes-page-sheet.ts'
import { STYLE } from './routes-page-style.ts'
import { byCountry, byRule } from './routes-page-tables.ts'

/**
 * Which provider carries which country: a page for people, which asks no other host for anything, and which can be
 * read, though not filtered, without scripts.
 */
export function renderRoutesPage(page: RoutesPage): string {
  const sheet = sheetOf(page.rows)
  return `<!doctype html>\n${
    markup`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Routes of ${page.file} (${page.hash})</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
${head(page, sheet)}
<main>
${bar(sheet)}
${byCountry(sheet)}
${byRule(sheet)}
</main>
<script>${trusted(SCRIPT)}</script>
</body>
</html>
`.markup
  }`
}

/** Whatever a text smuggled in would not run: only this script and this style may. */
function policy(): string {
  return [
    "default-src 'none'",
    `style-src '${sourceHash(STYLE)}'`,
    `script-src '${sourceHash(SCRIPT)}'`,
    "base-uri 'none'",
    "form-action 'none'"
  ].join('; ')
}

function sourceHash(source: string): string {
  return `sha256-${createHash('sha256').update(source).digest('base64')}`
}
