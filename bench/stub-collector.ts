import { createServer } from 'node:http'
import { listening } from './listening.ts'

// A collector that takes every span and looks at none.
listening(
  createServer((request, response) => {
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end('{}'))
  })
)
