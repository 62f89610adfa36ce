import { createServer } from 'node:http'
import express from 'express'
import basicAuth from 'express-basic-auth'
import TwilioClient from 'twilio/lib/rest/Twilio.js'
import { listening } from './listening.ts'

// The shape of Okta's own sample: Express, express-basic-auth, and the SDK of one provider as it comes.
const client = new TwilioClient(`AC${'0'.repeat(32)}`, 'token')
client.api.baseUrl = process.argv[2] ?? ''

const app = express()
app.use(basicAuth({ users: { okta: 'bench-secret' } }))
app.use(express.json())
// As most of them are written; Express 5 hands a rejection to its error handler.
// oxlint-disable-next-line oxc/no-async-endpoint-handlers
app.post('/telephonyHook', async (request, response) => {
  const { phoneNumber, msgTemplate } = request.body.data.messageProfile
  const { sid } = await client.messages.create({ to: phoneNumber, from: '+12025550123', body: msgTemplate })
  const value = [{ status: 'SUCCESSFUL', provider: 'TWILIO', transactionId: sid }]
  response.json({ commands: [{ type: 'com.okta.telephony.action', value }] })
})
listening(createServer(app))
