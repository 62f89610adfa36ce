import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import t from 'tap'
import { parse } from 'yaml'
import { parseOrgs, renderOrgsFaults, type SecretSources } from '../../src/callers/orgs-file.ts'
import { orgsEditorSchema } from '../../src/callers/orgs-schema.ts'

const FILES: Readonly<Record<string, string>> = {
  '/run/secrets/acme': 'okta:acme-password-1 okta:acme-password-2\n',
  '/run/secrets/acme-header': 'the-header-secret-of-acme\n',
  '/run/secrets/empty': '\n',
  '/run/secrets/short': 'too-short',
  '/run/secrets/no-pair': 'acme-password-1'
}
const VARIABLES: Readonly<Record<string, string>> = {
  BOLT_BASIC: 'okta:bolt-password',
  BOLT_HEADER: 'the-header-secret-of-bolt',
  SAME_AS_ACME: 'okta:acme-password-2'
}
const secrets: SecretSources = {
  file: (path) => FILES[path] ?? null,
  variable: (name) => VARIABLES[name]
}

const GOOD = `
version: 1
orgs:
  acme:
    domains: [Acme.okta.com, login.acme.com]
    basic_file: /run/secrets/acme
    header_name: X-Acme-Key
    header_file: /run/secrets/acme-header
  bolt:
    domains: [bolt.okta.com]
    basic_env: BOLT_BASIC
    oauth:
      issuers: [https://bolt.okta.com/oauth2/default, https://id.bolt.example/oauth2/aus1]
      audience: api://otp-gateway
      scope: otp.send
      client_ids: [0oabolt]
`

/** The report, as whoever starts it reads it; '' where there is nothing to report. */
function report(text: string): string {
  const parsed = parseOrgs(text, 'orgs.yaml', secrets)
  return parsed.kind === 'ok' ? '' : renderOrgsFaults(parsed.faults)
}

t.test('parseOrgs() makes a door of each org, with the secrets that it refers to', async (t) => {
  const parsed = parseOrgs(GOOD, 'orgs.yaml', secrets)
  t.equal(report(GOOD), '')
  t.same(parsed.kind === 'ok' && parsed.callers, [
    {
      org: { name: 'acme', domains: ['acme.okta.com', 'login.acme.com'] },
      basic: [
        { user: 'okta', password: 'acme-password-1' },
        { user: 'okta', password: 'acme-password-2' }
      ],
      header: { name: 'x-acme-key', secrets: ['the-header-secret-of-acme'] },
      oauth: []
    },
    {
      org: { name: 'bolt', domains: ['bolt.okta.com'] },
      basic: [{ user: 'okta', password: 'bolt-password' }],
      header: null,
      oauth: ['https://bolt.okta.com/oauth2/default', 'https://id.bolt.example/oauth2/aus1'].map(
        (issuer) => ({
          issuer,
          audience: 'api://otp-gateway',
          scope: 'otp.send',
          clientIds: ['0oabolt']
        })
      )
    }
  ])
  const json = JSON.stringify(parse(GOOD))
  t.same(parseOrgs(json, 'orgs.json', secrets), parsed, 'JSON is YAML')
})

const ACME = `version: 1
orgs:
  acme:
    domains: [acme.okta.com]
`

t.test('parseOrgs() says every fault with its place, and quotes no secret', async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /orgs\.yaml:1:1 E154 the file is empty/u],
    ['version: 1\n', /1:1 E102 the file has no "orgs"/u],
    ['version: 2\norgs: {}\n', /1:10 E104 "version" is "2", and must be 1/u],
    [ACME, /3:3 E102 "acme" has no door: give it "basic_file", "header_name" or "oauth"/u],
    [`${ACME}    basic: okta:acme-password-1\n`, /5:5 E101 unknown key "basic"/u],
    [`${ACME}    secret: hunter2\n`, /5:13 E140 "secret" is a credential/u],
    [
      `${ACME}    basic_file: /nowhere\n`,
      /5:17 E100 "basic_file" names a file that cannot be read or is empty/u
    ],
    [`${ACME}    basic_file: /run/secrets/empty\n`, /5:17 E100 "basic_file" names a file/u],
    [
      `${ACME}    basic_file: /run/secrets/no-pair\n`,
      /5:17 E100 what "basic_file" names must be one or several user:password pairs/u
    ],
    [`${ACME}    basic_env: NOT_SET\n`, /5:16 E100 "basic_env" names a variable that is not set/u],
    [`${ACME}    basic_env: okta:acme-password-1\n`, /5:16 E100 .*the secret itself does not belong here/u],
    [
      `${ACME}    basic_file: /run/secrets/acme\n    basic_env: BOLT_BASIC\n`,
      /6:5 E107 both "basic_file" and "basic_env"/u
    ],
    [`${ACME}    header_name: x-key\n`, /5:5 E102 .*"header_file" or "header_env" is missing/u],
    [`${ACME}    header_env: BOLT_HEADER\n`, /5:5 E102 .*"header_name" is missing/u],
    [
      `${ACME}    header_name: content-type\n    header_env: BOLT_HEADER\n`,
      /5:18 E100 "content-type" is a header that HTTP/u
    ],
    [
      `${ACME}    header_name: x-key\n    header_file: /run/secrets/short\n`,
      /6:18 E100 what "header_file" names must be .*at least 16/u
    ],
    [
      `${ACME}    oauth: { issuers: ["https://acme.okta.com"], audience: a, scope: s, client_ids: [c] }\n`,
      /5:24 E100 "https:\/\/acme\.okta\.com" names Okta's org authorization server: its tokens are opaque/u
    ],
    [
      `${ACME}    oauth: { issuers: ["http://acme.example/"], audience: a, scope: s, client_ids: [c] }\n`,
      /5:24 E100 .*https/u
    ],
    [
      `${ACME}    oauth: { issuers: ["https://acme.okta.com/oauth2/a"], scope: s, client_ids: [c] }\n`,
      /E102 "oauth" has no "audience"/u
    ],
    [
      `${ACME}    oauth: { issuers: ["https://acme.okta.com/oauth2/a"], audience: a b, scope: s, client_ids: [c] }\n`,
      /E100 "a b" must be one word/u
    ],
    [
      `${ACME}    basic_file: /run/secrets/acme\n  Bolt:\n    domains: [b.okta.com]\n`,
      /6:3 E100 "Bolt" is no name/u
    ],
    [
      'version: 1\norgs:\n  a:\n    domains: ["https://acme.okta.com/"]\n    basic_env: BOLT_BASIC\n',
      /4:15 E100 .*is no Okta domain/u
    ],
    [
      `${ACME}    basic_file: /run/secrets/acme\n  bolt:\n    domains: [ACME.okta.com]\n    basic_env: BOLT_BASIC\n`,
      /7:15 E100 "ACME\.okta\.com" is a domain of "acme" already/u
    ],
    [
      `${ACME}    basic_file: /run/secrets/acme\n  bolt:\n    domains: [bolt.okta.com]\n    basic_env: SAME_AS_ACME\n`,
      /8:16 E100 one of these pairs opens the door of "acme" as well/u
    ],
    [
      `${ACME}    header_name: x-a\n    header_env: BOLT_HEADER\n  bolt:\n    domains: [bolt.okta.com]\n    header_name: x-b\n    header_env: BOLT_HEADER\n`,
      /10:17 E100 one of these secrets opens the door of "acme" as well/u
    ],
    [
      `version: 1\norgs:\n${['a', 'b'].map((name) => `  ${name}:\n    domains: [${name}.okta.com]\n    oauth: { issuers: ["https://x.example/"], audience: a, scope: ${name}, client_ids: [app] }\n`).join('')}`,
      /8:\d+ E100 the client "app" of this issuer opens the door of "a" as well/u
    ],
    [`${ACME}    basic_file: &x /run/secrets/acme\n`, /E152 anchors/u],
    [`${ACME}    basic_file: [\n`, /E150/u]
  ]
  for (const [text, expected] of cases) {
    const shown = report(text)
    t.match(shown, expected, text.split('\n').at(-2) ?? 'an empty file')
    t.notMatch(shown, /bolt-password|the-header-secret|hunter2|acme-password/u)
  }
})

t.test('a secret that stands in the file by mistake is in no report of it, wherever it stands', async (t) => {
  const secret = 'correct-horse:battery-staple-42'
  for (const text of [
    secret,
    `- ${secret}\n`,
    `${ACME}    basic: ${secret}\n`,
    `${ACME}    basic_env: ${secret}\n`,
    `${ACME}    basic_file: ${secret}\n`,
    `${ACME}    header_name: x-key\n    header_env: [${secret}]\n`,
    `${ACME}    header_name: x-key\n    header_file: ${secret}\n`,
    `${ACME}    header: { name: x-key, secrets: "${secret}" }\n`,
    `${ACME}    basic_file: { ${secret}\n`,
    `${ACME}    basic_env: |\n      ${secret}\n`
  ]) {
    const shown = report(text)
    t.match(shown, /E\d{3}/u, text)
    t.notMatch(shown, /correct-horse|battery/u, text)
  }
})

t.test('what editors read is fresh, and agrees', async (t) => {
  const committed = readFileSync(new URL('../../config/orgs.schema.json', import.meta.url), 'utf8')
  t.equal(committed, orgsEditorSchema(), 'is fresh; if not: node src/callers/write-schema.ts')
  const validate = new Ajv({ strict: false }).compile(JSON.parse(committed))
  t.ok(validate(parse(GOOD)), JSON.stringify(validate.errors))
  t.notOk(validate(parse(`${ACME}    basic: x\n`)))
  const page = readFileSync(new URL('../../docs/okta.md', import.meta.url), 'utf8')
  const [, example = ''] = /```yaml\n(version: 1\norgs:[^]*?)```/u.exec(page) ?? []
  const anySecret: SecretSources = {
    file: (path) => `okta:password-in-${path}`,
    variable: (name) => `okta:a-secret-in-${name}`
  }
  t.match(parseOrgs(example, 'example', anySecret), { kind: 'ok' }, 'the example of docs/okta.md')
})
