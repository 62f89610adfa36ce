import { Type, type Static } from 'typebox'

const CLOSED = { additionalProperties: false } as const

/** As names of rules, as it becomes a label of metrics and a field of the log. */
const NAME = '^[a-z][a-z0-9_-]{0,63}$'
const NAME_FAULT = 'is no name: 1 to 64 small letters, digits, "_" and "-", a letter first'

/** Each is a label of metrics, for every channel and outcome. */
const MOST_ORGS = 200

const path = (what: string) =>
  Type.Optional(
    Type.String({ minLength: 1, maxLength: 1_024, description: `The path of a file that holds ${what}.` })
  )

const variable = (what: string) =>
  Type.Optional(
    Type.String({
      maxLength: 128,
      description: `A variable of the environment that holds ${what}.`,
      pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
      patternErrorMessage: 'holds no name of a variable; the secret itself does not belong here',
      check: { isUnquoted: true }
    })
  )

const PAIRS = 'user:password, one or several separated by white space; all are valid at once'
const SECRETS = 'one or several secrets of at least 16 characters, separated by white space'

const OAuth = Type.Object(
  {
    issuers: Type.Array(
      Type.String({
        title: 'issuer',
        maxLength: 255,
        description:
          'Exactly as `iss` of the tokens has it, such as https://acme.okta.com/oauth2/default. Not the org authorization server.'
      }),
      { minItems: 1, maxItems: 10, description: 'Who issues the tokens.' }
    ),
    audience: Type.String({ maxLength: 256, description: '`aud` of the tokens, such as api://otp-gateway.' }),
    scope: Type.String({ maxLength: 256, description: 'A scope that the tokens must have.' }),
    client_ids: Type.Array(Type.String({ title: 'client id', maxLength: 256 }), {
      minItems: 1,
      maxItems: 20,
      description: "The service apps that the tokens are issued to: Okta's `cid`."
    })
  },
  { ...CLOSED, description: 'Tokens of OAuth 2.0.' }
)

const OrgEntry = Type.Object(
  {
    domains: Type.Array(
      Type.String({
        title: 'domain',
        maxLength: 253,
        pattern: String.raw`^[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$`,
        patternErrorMessage:
          'is no Okta domain: write it without https:// and without a path, as acme.okta.com'
      }),
      {
        minItems: 1,
        maxItems: 10,
        description:
          'The domains that `source` of its requests may name, such as acme.okta.com. The first stands for it where none is named.'
      }
    ),
    basic_file: path(PAIRS),
    basic_env: variable(PAIRS),
    header_name: Type.Optional(
      Type.String({ maxLength: 64, description: 'A header that holds one of its secrets.' })
    ),
    header_file: path(SECRETS),
    header_env: variable(SECRETS),
    oauth: Type.Optional(OAuth)
  },
  { ...CLOSED, description: 'An org and what opens its door. At least one of basic, header and oauth.' }
)

/** The file that `ORGS_FILE` names. No secret stands in it, only where one is. */
export const OrgsFile = Type.Object(
  {
    version: Type.Literal(1, { description: 'The version of this format.' }),
    orgs: Type.Record(Type.String({ pattern: NAME }), OrgEntry, {
      ...CLOSED,
      description: 'Each org by a name of your choice, which logs and metrics show.',
      minProperties: 1,
      maxProperties: MOST_ORGS,
      check: { keyFault: NAME_FAULT }
    })
  },
  { ...CLOSED, title: 'orgs', description: 'The Okta orgs of one gateway, each with its own secrets.' }
)

export type OrgsFile = Static<typeof OrgsFile>

/** The JSON Schema that editors read, as the text of config/orgs.schema.json. */
export function orgsEditorSchema(): string {
  const schema = { $schema: 'http://json-schema.org/draft-07/schema#', ...OrgsFile }
  return `${JSON.stringify(schema, (key, value: unknown) => (key === 'check' ? undefined : value), 2)}\n`
}
