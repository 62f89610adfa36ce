import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'

/** Okta's own OpenAPI example carries a number where its schema says string. */
const Text = Type.Union([Type.String({ maxLength: 4096 }), Type.Number(), Type.Null()])
const optional = <T extends Parameters<typeof Type.Optional>[0]>(schema: T) =>
  Type.Optional(Type.Union([schema, Type.Null()]))

/**
 * The body of the hook as Okta publishes it, where nothing is required and fields that are not known
 * are ignored. https://developer.okta.com/docs/reference/telephony-hook/
 */
export const HookBody = Type.Object({
  eventId: Type.Optional(Text),
  eventTime: Type.Optional(Text),
  source: Type.Optional(Text),
  requestType: Type.Optional(Text),
  data: Type.Object({
    context: optional(
      Type.Object({
        request: optional(
          Type.Object({
            id: Type.Optional(Text),
            url: optional(Type.Object({ value: Type.Optional(Text) }))
          })
        )
      })
    ),
    userProfile: optional(Type.Object({ userId: Type.Optional(Text) })),
    messageProfile: Type.Object({
      msgTemplate: Type.Optional(Text),
      phoneNumber: Text,
      otpExpires: Type.Optional(Text),
      deliveryChannel: Text,
      otpCode: Type.Optional(Text),
      locale: Type.Optional(Text),
      /** The form of 2022, before `requestType`. */
      eventAction: Type.Optional(Text)
    })
  })
})

export type HookBody = Static<typeof HookBody>

const compiled = Compile(HookBody)

export function isHookBody(body: unknown): body is HookBody {
  return compiled.Check(body)
}
