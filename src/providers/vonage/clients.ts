import { SMS } from '@vonage/sms'
import { Voice } from '@vonage/voice'
import type { SdkCalls } from '../sdk-call.ts'

type SdkRequest = Parameters<SMS['sendRequest']>[0]
type SdkResponse<T> = Awaited<ReturnType<typeof SMS.prototype.sendRequest<T>>>

/** The SDK's SMS client; its requests leave by our exchange and not by `fetch`. */
export class ExchangedSms extends SMS {
  readonly #calls: SdkCalls

  constructor(auth: ConstructorParameters<typeof SMS>[0], calls: SdkCalls) {
    super(auth)
    this.#calls = calls
  }

  override async sendRequest<T>(request: SdkRequest): Promise<SdkResponse<T>> {
    const prepared = await this.prepareRequest(request)
    return sendPrepared<T>(this.#calls, prepared, this.prepareBody(prepared))
  }
}

/** The SDK's voice client; its requests leave by our exchange and not by `fetch`. */
export class ExchangedVoice extends Voice {
  readonly #calls: SdkCalls

  constructor(auth: ConstructorParameters<typeof Voice>[0], calls: SdkCalls) {
    super(auth)
    this.#calls = calls
  }

  override async sendRequest<T>(request: SdkRequest): Promise<SdkResponse<T>> {
    const prepared = await this.prepareRequest(request)
    return sendPrepared<T>(this.#calls, prepared, this.prepareBody(prepared))
  }
}

async function sendPrepared<T>(
  calls: SdkCalls,
  request: SdkRequest,
  body: string | undefined
): Promise<SdkResponse<T>> {
  const url = new URL(request.url)
  const answer = await calls.send({
    method: 'POST',
    path: url.pathname + url.search,
    headers: request.headers ?? {},
    body: body ?? ''
  })
  return {
    config: request,
    request,
    // Throws on what is no JSON, and the SDK's call with it.
    data: JSON.parse(answer.body) as T,
    headers: {},
    status: answer.status,
    statusText: ''
  }
}
