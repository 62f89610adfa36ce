import type { InboxMessage } from './inbox.ts'

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; }
h1 { font-size: 1.4rem; margin: 0; }
header p { margin: .2rem 0 1.2rem; opacity: .75; }
main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); align-items: start; }
section { border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: 1rem; padding: 1rem; }
h2 { font-size: 1.1rem; font-variant-numeric: tabular-nums; margin: 0 0 .6rem; }
article { border-radius: .8rem; background: color-mix(in srgb, currentColor 8%, transparent); padding: .6rem .8rem; margin-top: .6rem; }
article p { margin: .3rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
small { opacity: .75; overflow-wrap: anywhere; }
`

/** The inbox for human eyes: one card for each phone, newest first. Refreshes itself, loads nothing. */
export function inboxPage(messages: readonly InboxMessage[]): string {
  const phones = Map.groupBy(messages.toReversed(), ({ to }) => to)
  const cards = [...phones].map(([to, received]) => phoneCard(to, received)).join('\n')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="3">
<title>Sandbox inbox</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Sandbox inbox</h1>
<p>What phones would have received. This is the sandbox: codes are shown here on purpose, and no phone has rung.</p>
</header>
<main>
${cards === '' ? '<p>Nothing yet.</p>' : cards}
</main>
</body>
</html>
`
}

function phoneCard(to: string, messages: readonly InboxMessage[]): string {
  return `<section>\n<h2>${escapeHtml(to)}</h2>\n${messages.map(messageCard).join('\n')}\n</section>`
}

function messageCard({ id, provider, channel, from, text, language, extension, at }: InboxMessage): string {
  const what = channel === 'sms' ? 'Text' : `Call${language === null ? '' : ` in ${language}`}`
  const dialled = extension === null ? '' : `, extension ${extension}`
  return `<article>
<small>${escapeHtml(`${what} from ${from}${dialled}`)}</small>
<p dir="auto">${escapeHtml(text)}</p>
<small>by <b>${escapeHtml(provider)}</b>, <time datetime="${escapeHtml(at)}">${escapeHtml(at)}</time><br>${escapeHtml(id)}</small>
</article>`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/gu, (character) => ESCAPES[character] ?? character)
}
