import { render } from 'preact'
import { App } from './app.ts'
import { h } from './h.ts'
import { connect, watch } from './live.ts'

const root = document.getElementById('console')
if (root === null) throw new Error('index.html has no #console.')
render(h(App, {}), root)
watch()
await connect()
