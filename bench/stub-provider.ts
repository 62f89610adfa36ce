import { createServer } from 'node:http'
import { listening } from './listening.ts'

// Twilio, as far as a benchmark needs it: the answer of its API after a delay, and nothing else.
const delayMs = Number(process.argv[2] ?? 0)
const answer = JSON.stringify({
  sid: `SM${'0'.repeat(32)}`,
  status: 'queued',
  account_sid: `AC${'0'.repeat(32)}`,
  body: 'Your code is 123456',
  date_created: 'Mon, 23 Nov 2026 10:00:00 +0000',
  error_code: null,
  num_segments: '1',
  price: null,
  to: '+12025550188'
})

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    const send = (): void => {
      response.writeHead(201, { 'content-type': 'application/json' }).end(answer)
    }
    if (delayMs === 0) send()
    else setTimeout(send, delayMs)
  })
})
server.keepAliveTimeout = 60_000
listening(server)
