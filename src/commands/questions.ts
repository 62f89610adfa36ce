import type * as prompts from '@inquirer/prompts'
import { CommandFault, type Questions } from './command.ts'

type Prompts = typeof prompts

/**
 * Asks the person at the terminal. Ctrl-C ends the command, and nothing has been done.
 *
 * @param output standard error: standard output is for what the command has to say.
 */
export function createQuestions(output: NodeJS.WritableStream): Questions {
  const context = { output }

  return {
    confirm: (message) => ask(({ confirm }) => confirm({ message, default: false }, context)),
    async input(message, { initial, check } = {}) {
      const validate = (text: string): true | string => check?.(text.trim()) ?? true
      const given = await ask(({ input }) =>
        input({ message, validate, ...(initial !== undefined && { default: initial }) }, context)
      )
      return given.trim()
    },
    async secret(message, { check } = {}) {
      const validate = (text: string): true | string => check?.(text.trim()) ?? true
      const given = await ask(({ password }) => password({ message, mask: true, validate }, context))
      return given.trim()
    },
    choose: (message, choices) => ask(({ select }) => select({ message, choices }, context)),
    chooseSome: (message, choices) =>
      ask(({ checkbox }) => checkbox({ message, choices, required: true }, context))
  }
}

/** Loaded with the first question: most commands have none. */
async function ask<T>(question: (prompts: Prompts) => Promise<T>): Promise<T> {
  try {
    return await question(await import('@inquirer/prompts'))
  } catch (error) {
    if (error instanceof Error && error.name === 'ExitPromptError') {
      throw new CommandFault('Nothing was done.')
    }
    throw error
  }
}
