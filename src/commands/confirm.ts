import { STATUS, type Io, type Status } from './command.ts'

/** What a person or --yes said to what is about to be done: null to go on, else how the command ends. */
export async function askFirst(
  io: Pick<Io, 'questions' | 'complain'>,
  { question, yes }: { readonly question: string; readonly yes: boolean }
): Promise<Status | null> {
  if (yes) return null
  if (io.questions === null) {
    io.complain('Nobody is there to ask: say --yes.\n')
    return STATUS.usage
  }
  if (await io.questions.confirm(question)) return null
  io.complain('Nothing was done.\n')
  return STATUS.findings
}
