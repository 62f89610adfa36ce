/**
 * Each is text on the page and the page's colour is text on it: 4.5 to 1 at least, which a test holds. Red is left
 * to what is blocked.
 */
export const COLOURS: readonly { readonly light: string; readonly dark: string }[] = [
  { light: '#4a5f78', dark: '#aebfd4' },
  { light: '#8a5300', dark: '#f0b45e' },
  { light: '#5b6600', dark: '#c6d45a' },
  { light: '#2a7230', dark: '#86d98a' },
  { light: '#a3267c', dark: '#ff9bd8' },
  { light: '#7a4a2b', dark: '#dcb08c' },
  { light: '#0b6e66', dark: '#5fd4c4' },
  { light: '#1a5dbd', dark: '#84b8ff' },
  { light: '#6b3fb8', dark: '#c3a6ff' }
]

const cssColours = (scheme: 'light' | 'dark') =>
  COLOURS.map((colour, index) => `--colour-${index}: ${colour[scheme]};`).join(' ')

/** A mark that a screen reader leaves out, where the browser knows how to ask for that. */
const sign = (text: string) => `content: "${text}"; content: "${text}" / "";`

export const STYLE = `
:root {
  color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif;
  --page: #ffffff; --ink: #1b1f24; --muted: #57606a; --line: #d5dae0; --band: #eef1f4; --link: #0b57a4; --stop: #b3261e;
  ${cssColours('light')}
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --ink: #e6e9ed; --muted: #a3acb6; --line: #343b44; --band: #20252b; --link: #8ec2ff; --stop: #ff9d94;
    ${cssColours('dark')}
  }
}
${COLOURS.map((_, index) => `.colour-${index} { --colour: var(--colour-${index}); }`).join('\n')}

* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0 auto; max-width: 92rem; padding: 0 1.25rem 3rem; background: var(--page); color: var(--ink); }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 1rem 0 .5rem; scroll-margin-top: calc(var(--bar, 0px) + 1rem); }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: .2rem; }
h2:focus-visible { outline: none; }
code { font: .85em ui-monospace, monospace; color: var(--muted); }

header { display: flex; flex-wrap: wrap; gap: 1rem 3rem; justify-content: space-between; padding: 1.25rem 0 1rem; }
header p { margin: .3rem 0; overflow-wrap: anywhere; }
header .intro { flex: 1 1 24rem; }
.quiet { color: var(--muted); }
.usual { display: flex; flex-wrap: wrap; gap: .3rem .7rem; align-items: center; margin: .5rem 0 0; }
.legend { border-collapse: collapse; align-self: start; font-variant-numeric: tabular-nums; }
.legend caption { text-align: left; font-weight: 600; padding-bottom: .2rem; }
.legend caption small { display: block; font-weight: 400; color: var(--muted); }
.legend th, .legend td { padding: .15rem .8rem .15rem 0; text-align: left; font-weight: 400; }
.legend td, .legend thead th + th { text-align: right; padding-right: 0; min-width: 5.5rem; }
.legend thead th { color: var(--muted); font-size: .85rem; }

.bar { background: var(--page); padding: .5rem 0; border-bottom: 1px solid var(--line); }
nav { display: flex; gap: .3rem; margin-bottom: .5rem; }
nav a { padding: .3rem .9rem; border: 1px solid var(--line); border-radius: 2rem; text-decoration: none; }
nav a[aria-current="true"] { background: var(--ink); border-color: var(--ink); color: var(--page); font-weight: 600; }
summary { cursor: pointer; padding: .3rem 0; font-weight: 600; }
form { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: end; }
form label { display: grid; gap: .1rem; font-size: .8rem; color: var(--muted); }
form label.wide { flex: 1 1 13rem; }
form label.tick { grid-auto-flow: column; gap: .4rem; align-items: center; min-height: 2.1rem; color: var(--ink); }
form input:not([type="checkbox"]), form select, form button {
  font: inherit; font-size: .95rem; min-height: 2.1rem; padding: .2rem .5rem; width: 100%; max-width: 15rem;
  border: 1px solid var(--muted); border-radius: .4rem; background: var(--page); color: var(--ink);
}
form label.wide input { max-width: none; }
::placeholder { color: var(--muted); opacity: 1; }
form button { width: auto; padding: .2rem .9rem; cursor: pointer; }
.bar p { margin: .5rem 0 0; }

.routes { width: 100%; border-collapse: separate; border-spacing: 0; table-layout: fixed; }
.routes th, .routes td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.routes thead th { position: sticky; top: 0; z-index: 2; height: 2.25rem; background: var(--page); border-bottom: 2px solid var(--ink); }
.routes thead th:first-child { width: 17%; }
.routes tbody th { font-weight: 500; }
.routes .group th { position: sticky; top: 2.25rem; z-index: 1; background: var(--band); font-weight: 600; }
.group small { font-weight: 400; color: var(--muted); margin-left: .5rem; }
#by-country td:not(:has(.entry:not([hidden])))::after { content: "none that matches"; color: var(--muted); font-size: .85rem; }
[data-only="sms"] .voice, [data-only="voice"] .sms { display: none; }

/* A text that turns the direction of writing turns its own only. */
.name, .condition, .skipped, .rule, .end, .chain li { unicode-bidi: isolate; }
.entry { display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: baseline; }
.entry + .entry { margin-top: .35rem; }
.entry > .rule { margin-left: auto; }
.rule { font-size: .85rem; color: var(--muted); }
.rule:hover { color: var(--link); }
.condition, .skipped { font-size: .85rem; color: var(--muted); }
.entry > .condition::before { ${sign('\\21b3\\a0')} }
.entry > .condition::after { content: ":"; }
td > .condition { display: block; }
.split { display: grid; grid-template-columns: auto 1fr; gap: .25rem .6rem; align-items: baseline; }
.share { font-variant-numeric: tabular-nums; font-weight: 600; text-align: right; }
.chain { display: flex; flex-wrap: wrap; gap: .25rem 0; margin: 0; padding: 0; list-style-type: ""; }
.chain li, .chip, .end { border: 1px solid var(--colour); border-radius: .45rem; padding: 0 .5rem; font-size: .9rem; }
.chain li { position: relative; background: color-mix(in srgb, var(--colour) 9%, var(--page)); }
.chain li::before, .chain li::after { position: absolute; width: 1rem; text-align: center; color: var(--muted); font-weight: 400; }
.chain li:not(:last-child) { margin-right: 1.5rem; }
.chain li:not(:last-child)::after { ${sign('\\2192')} left: calc(100% + .25rem); }
.chain li:first-child, .chip { background: var(--colour); color: var(--page); font-weight: 600; }
.chain small { font-weight: 400; margin-left: .35rem; font-size: .8rem; }
.usual .chain small, .brief #by-country .chain small { display: none; }
.end {
  --colour: var(--stop); font-weight: 600; color: var(--stop); border-style: dashed;
  background: repeating-linear-gradient(135deg, transparent 0 5px, color-mix(in srgb, var(--stop) 12%, transparent) 5px 7px);
}
.end::before { ${sign('\\2715\\a0')} }
.condition ~ .end { font-weight: 400; background: none; }
td > .end { display: inline-block; }
.everywhere { background: color-mix(in srgb, var(--band) 45%, var(--page)); }

#by-rule .group th { position: static; padding-top: .7rem; }
#by-rule thead th:nth-child(2) { width: 43%; }
#by-rule tbody { scroll-margin-top: calc(var(--bar, 0px) + 2.5rem); }
.about { display: block; font-weight: 400; white-space: pre-wrap; }
.places { margin: 0; padding: 0; list-style-type: ""; }
.places li + li { margin-top: .15rem; }
.places b { font-weight: 600; }

@media (min-width: 60rem) {
  summary { display: none; }
}
@media (min-width: 60rem) and (min-height: 40rem) {
  .bar { position: sticky; top: 0; z-index: 3; }
  .routes thead th { top: var(--bar, 0px); }
  .routes .group th { top: calc(var(--bar, 0px) + 2.25rem); }
}
@media (max-width: 40rem) {
  body { padding: 0 .6rem 2rem; }
  header { padding-top: .8rem; }
  form label:not(.tick) { flex: 1 1 9rem; }
  form label.wide { flex-basis: 100%; }
  form input:not([type="checkbox"]), form select { max-width: none; font-size: 1rem; }
  .routes th, .routes td { padding: .4rem .3rem; font-size: .85rem; }
  .routes thead th:first-child { width: 26%; }
  #by-rule thead th:nth-child(2) { width: 40%; }
  .usual { margin-top: .2rem; }
  .usual > span:first-child { flex-basis: 100%; }
  .routes .chain { flex-direction: column; align-items: start; gap: .25rem; }
  .chain li, .end { font-size: .8rem; padding: 0 .35rem; }
  .routes .chain li:not(:last-child) { margin-right: 0; }
  .routes .chain li::after { display: none; }
  .routes .chain li + li { margin-left: 1rem; }
  .routes .chain li + li::before { ${sign('\\21b3')} right: 100%; }
  .routes .chain small { display: block; margin: 0; }
  .entry > .rule { margin-left: 0; }
  .split { grid-template-columns: 1fr; }
  .share { text-align: left; }
}
.printed { display: none; }
@media print {
  :root {
    font-size: 10px;
    --page: #ffffff; --ink: #000000; --muted: #444444; --line: #bbbbbb; --band: #eeeeee; --link: #000000; --stop: #a01008;
    ${cssColours('light')}
  }
  body { max-width: none; padding: 0; }
  nav, details { display: none; }
  .printed { display: block; }
  .bar, .routes thead th, .routes .group th { position: static; }
  tr { break-inside: avoid; }
  .group { break-after: avoid; }
  .rule, .legend a { text-decoration: none; }
  /* Printers leave backgrounds out: the first of a chain is told by its frame. */
  .chain li, .chain li:first-child, .chip, .end { background: none; color: var(--ink); }
  .chain li:first-child, .chip { border-width: 2px; }
}
`
