import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { Pool } from 'undici'
import { listening } from './listening.ts'

// The least that could be: node:http in, one call by undici out, no checks, no log, no deadline.
const pool = new Pool(process.argv[2] ?? '', { connections: 256 })

listening(
  createServer((request, response) => {
    void json(request).then(async (body: any) => {
      const { phoneNumber, msgTemplate } = body.data.messageProfile
      const answer = await pool.request({
        method: 'POST',
        path: `/2010-04-01/Accounts/AC${'0'.repeat(32)}/Messages.json`,
        headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: 'Basic eDp5' },
        body: new URLSearchParams({ To: phoneNumber, From: '+12025550123', Body: msgTemplate }).toString()
      })
      const { sid } = (await answer.body.json()) as any
      const value = [{ status: 'SUCCESSFUL', provider: 'TWILIO', transactionId: sid }]
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ commands: [{ type: 'com.okta.telephony.action', value }] }))
    })
  })
)
